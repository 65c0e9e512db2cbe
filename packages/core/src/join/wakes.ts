import { type Due, DueQueue } from '../window/due.ts';

/** Something with state that time has to look after. */
export interface Sleeper {
  /** When it is to be woken; +∞: not at all. `Wakes` alone writes it. */
  wakeAt: number;
}

/** All that are to be woken at one time. */
class Wake<S> implements Due {
  readonly dueAt: number;
  readonly sleepers: S[] = [];

  constructor(dueAt: number) {
    this.dueAt = dueAt;
  }
}

/**
 * Who has to be woken when, each at most once: an earlier call overtakes a later one, whose entry
 * stays and is passed over. So state is looked after without going through all of it. The queue is of
 * times and not of sleepers, of which there may be millions.
 */
export class Wakes<S extends Sleeper> {
  private readonly queue = new DueQueue<Wake<S>>();
  private readonly wakes = new Map<number, Wake<S>>();
  /** Many in a row go to the same one. */
  private last: Wake<S> = new Wake(Number.POSITIVE_INFINITY);

  /** When the first one may be due; +∞ when there is none. */
  get nextAt(): number {
    return this.queue.nextAt;
  }

  get size(): number {
    return this.queue.size;
  }

  /** Wakes it at `dueAt` if it would not be woken by then. */
  at(sleeper: S, dueAt: number): void {
    if (dueAt >= sleeper.wakeAt) return;
    sleeper.wakeAt = dueAt;
    if (dueAt !== this.last.dueAt) this.last = this.wakeOf(dueAt);
    this.last.sleepers.push(sleeper);
  }

  /** One of the first, which will not be woken again unless asked for; `undefined`: overtaken. */
  pop(): S | undefined {
    const { dueAt, sleepers } = this.queue.first as Wake<S>;
    const sleeper = sleepers.pop() as S;
    if (sleepers.length === 0) {
      this.queue.pop();
      this.wakes.delete(dueAt);
      if (this.last.dueAt === dueAt) this.last = new Wake(Number.POSITIVE_INFINITY);
    }
    if (sleeper.wakeAt !== dueAt) return undefined;
    sleeper.wakeAt = Number.POSITIVE_INFINITY;
    return sleeper;
  }

  private wakeOf(dueAt: number): Wake<S> {
    let wake = this.wakes.get(dueAt);
    if (wake === undefined) {
      wake = new Wake(dueAt);
      this.wakes.set(dueAt, wake);
      this.queue.push(wake);
    }
    return wake;
  }
}
