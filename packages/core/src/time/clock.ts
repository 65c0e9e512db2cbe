/** Which clock: the time that records carry, or that of the machine. */
export type TimeKind = 'event' | 'processing';

/** Where wall-clock time comes from. Injected, so that a test can stand in for it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands still until it is told to move. */
export class VirtualClock implements Clock {
  private ms: number;

  constructor(startMs = 0) {
    this.ms = startMs;
  }

  now(): number {
    return this.ms;
  }

  /** Moves on by `ms` milliseconds. */
  advance(ms: number): void {
    this.ms += ms;
  }
}
