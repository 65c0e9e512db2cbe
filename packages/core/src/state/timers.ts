import { ChangedKeys } from './changed-keys.ts';
import type { Changing } from './increments.ts';
import type { Key } from './key-groups.ts';
import { KeyMap } from './key-map.ts';
import type { EntryOf } from './table-changes.ts';

/** A timer of a key; one per time. */
export class TimerEntry {
  readonly key: Key;
  readonly time: number;
  /** Which of two of one time goes first: the one that was set first. */
  readonly order: number;
  /** Where it stands in the heap. */
  at = 0;

  constructor(key: Key, time: number, order: number) {
    this.key = key;
    this.time = time;
    this.order = order;
  }
}

/** All timers of a key: the one that it has, as most do, or several by their times. */
type TimersOfKey = TimerEntry | Map<number, TimerEntry>;

/** Children of a place in the heap: four times stand in half a line of the cache. */
const FAN_OUT = 4;

/**
 * The timers of all keys of a task by one kind of time: a heap by time, and by key those that it has,
 * so that one is found to be set already or to be deleted. The heap's times stand side by side: finding
 * the first of a few does not look at timers that have not been touched for long.
 */
export class TimerQueue {
  /** When the first one is due; +∞ when there is none. */
  nextAt: number = Number.POSITIVE_INFINITY;

  private readonly heap: TimerEntry[] = [];
  /** Of each place of the heap its time. */
  private readonly times: number[] = [];
  private readonly byKey = new KeyMap<TimersOfKey>();
  private readonly changed = new ChangedKeys();
  private order = 0;

  get size(): number {
    return this.heap.length;
  }

  /** Sets a timer; `false` when the key has one for this time. */
  add(key: Key, time: number): boolean {
    const known = this.byKey.get(key);
    if (known === undefined) {
      this.byKey.set(key, this.push(key, time));
    } else if (known instanceof TimerEntry) {
      if (known.time === time) return false;
      const timers = new Map([[known.time, known]]);
      timers.set(time, this.push(key, time));
      this.byKey.set(key, timers);
    } else {
      if (known.has(time)) return false;
      known.set(time, this.push(key, time));
    }
    return true;
  }

  /** Deletes a timer; `false` when there is none. */
  delete(key: Key, time: number): boolean {
    const known = this.byKey.get(key);
    const timer = known instanceof TimerEntry ? known : known?.get(time);
    if (timer === undefined || timer.time !== time) return false;
    this.remove(timer);
    return true;
  }

  /** Takes the first one out. Only when there is one. */
  pop(): TimerEntry {
    const first = this.heap[0];
    this.remove(first);
    return first;
  }

  /** Deletes all timers of a key. */
  deleteAll(key: Key): void {
    for (const timer of timersOf(this.byKey.get(key))) this.remove(timer);
  }

  /** As snapshots see them; a key's entries follow one that says that it has none any more. */
  changes<E>(entryOf: EntryOf<E>): Changing<readonly [Key, TimersOfKey], E> {
    const { changed, byKey } = this;
    return {
      noteAnew: most => changed.noteAnew(most),
      get overrun() {
        return changed.overrun;
      },
      isNoted: ([key]) => changed.has(key),
      items: () => byKey,
      *entries([key, timers]) {
        for (const { time } of timersOf(timers)) yield entryOf(key, time);
      },
      *changed() {
        for (const key of changed) {
          yield entryOf(key);
          for (const { time } of timersOf(byKey.get(key))) yield entryOf(key, time);
        }
      },
    };
  }

  /** In no order. */
  [Symbol.iterator](): ArrayIterator<TimerEntry> {
    return this.heap.values();
  }

  private push(key: Key, time: number): TimerEntry {
    const timer = new TimerEntry(key, time, this.order++);
    this.changed.note(key);
    this.heap.push(timer);
    this.times.push(time);
    this.rise(timer, this.heap.length - 1);
    this.nextAt = this.times[0];
    return timer;
  }

  private remove(timer: TimerEntry): void {
    const { heap, times, byKey } = this;
    const { key, at } = timer;
    this.changed.note(key);
    const known = byKey.get(key);
    if (known instanceof Map) {
      known.delete(timer.time);
      if (known.size === 0) byKey.delete(key);
    } else {
      byKey.delete(key);
    }
    const last = heap.pop() as TimerEntry;
    times.pop();
    if (last !== timer) {
      if (at > 0 && this.comesBefore(last, (at - 1) >> 2)) this.rise(last, at);
      else this.sink(last, at);
    }
    this.nextAt = heap.length > 0 ? times[0] : Number.POSITIVE_INFINITY;
  }

  /** Puts `timer` at `from`, and up to where it belongs. */
  private rise(timer: TimerEntry, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.comesBefore(timer, parent)) break;
      this.put(this.heap[parent], this.times[parent], at);
      at = parent;
    }
    this.put(timer, timer.time, at);
  }

  /** Puts `timer` at `from`, and down to where it belongs. */
  private sink(timer: TimerEntry, from: number): void {
    let at = from;
    for (;;) {
      const child = this.firstChild(at);
      if (child < 0 || this.comesBefore(timer, child)) break;
      this.put(this.heap[child], this.times[child], at);
      at = child;
    }
    this.put(timer, timer.time, at);
  }

  /** Which of the children of a place goes first; −1 when there is none. */
  private firstChild(at: number): number {
    const { heap, times } = this;
    const begin = FAN_OUT * at + 1;
    const end = Math.min(begin + FAN_OUT, heap.length);
    if (begin >= end) return -1;
    let first = begin;
    for (let i = begin + 1; i < end; i++) {
      if (times[i] > times[first]) continue;
      if (times[i] < times[first] || heap[i].order < heap[first].order) first = i;
    }
    return first;
  }

  private put(timer: TimerEntry, time: number, at: number): void {
    this.heap[at] = timer;
    this.times[at] = time;
    timer.at = at;
  }

  /** Whether a timer goes before the one at a place. */
  private comesBefore(timer: TimerEntry, at: number): boolean {
    const time = this.times[at];
    return timer.time < time || (timer.time === time && timer.order < this.heap[at].order);
  }
}

function timersOf(timers: TimersOfKey | undefined): TimerEntry[] {
  if (timers === undefined) return [];
  return timers instanceof TimerEntry ? [timers] : [...timers.values()];
}
