import type { Key } from './key-groups.ts';
import { KeyMap } from './key-map.ts';

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

/**
 * The timers of all keys of a task by one kind of time: a binary heap by time, and by key those that
 * it has, so that one is found to be set already or to be deleted.
 */
export class TimerQueue {
  /** When the first one is due; +∞ when there is none. */
  nextAt: number = Number.POSITIVE_INFINITY;

  private readonly heap: TimerEntry[] = [];
  /** The one timer of a key, as most have, or all of them by their times. */
  private readonly byKey = new KeyMap<TimerEntry | Map<number, TimerEntry>>();
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

  /** In no order. */
  [Symbol.iterator](): ArrayIterator<TimerEntry> {
    return this.heap.values();
  }

  private push(key: Key, time: number): TimerEntry {
    const timer = new TimerEntry(key, time, this.order++);
    this.heap.push(timer);
    this.rise(timer, this.heap.length - 1);
    this.nextAt = this.heap[0].time;
    return timer;
  }

  private remove(timer: TimerEntry): void {
    const { heap, byKey } = this;
    const { key, at } = timer;
    const known = byKey.get(key);
    if (known instanceof Map) {
      known.delete(timer.time);
      if (known.size === 0) byKey.delete(key);
    } else {
      byKey.delete(key);
    }
    const last = heap.pop() as TimerEntry;
    if (last !== timer) {
      if (at > 0 && comesBefore(last, heap[(at - 1) >> 1])) this.rise(last, at);
      else this.sink(last, at);
    }
    this.nextAt = heap.length > 0 ? heap[0].time : Number.POSITIVE_INFINITY;
  }

  /** Puts `timer` at `from`, and up to where it belongs. */
  private rise(timer: TimerEntry, from: number): void {
    const { heap } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(timer, heap[parent])) break;
      this.put(heap[parent], at);
      at = parent;
    }
    this.put(timer, at);
  }

  /** Puts `timer` at `from`, and down to where it belongs. */
  private sink(timer: TimerEntry, from: number): void {
    const { heap } = this;
    const size = heap.length;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && comesBefore(heap[child + 1], heap[child])) child++;
      if (!comesBefore(heap[child], timer)) break;
      this.put(heap[child], at);
      at = child;
    }
    this.put(timer, at);
  }

  private put(timer: TimerEntry, at: number): void {
    this.heap[at] = timer;
    timer.at = at;
  }
}

function comesBefore(left: TimerEntry, right: TimerEntry): boolean {
  return left.time < right.time || (left.time === right.time && left.order < right.order);
}
