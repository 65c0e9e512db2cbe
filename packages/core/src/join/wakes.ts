import { type Due, DueQueue } from '../window/due.ts';

/** Something with state that time has to look after. */
export interface Sleeper {
  /** When it is to be woken; +∞: not at all. `Wakes` alone writes it. */
  wakeAt: number;
}

class Wake<S> implements Due {
  readonly dueAt: number;
  readonly sleeper: S;

  constructor(dueAt: number, sleeper: S) {
    this.dueAt = dueAt;
    this.sleeper = sleeper;
  }
}

/**
 * Who has to be woken when, each at most once: an earlier call overtakes a later one, whose entry
 * stays in the queue and is passed over. So state is looked after without going through all of it.
 */
export class Wakes<S extends Sleeper> {
  private readonly queue = new DueQueue<Wake<S>>();

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
    this.queue.push(new Wake(dueAt, sleeper));
  }

  /** The first one, which will not be woken again unless asked for; `undefined`: overtaken. */
  pop(): S | undefined {
    const { dueAt, sleeper } = this.queue.pop();
    if (sleeper.wakeAt !== dueAt) return undefined;
    sleeper.wakeAt = Number.POSITIVE_INFINITY;
    return sleeper;
  }
}
