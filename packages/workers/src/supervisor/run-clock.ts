/** The clock that the run of a job goes by. */
export interface RunClock {
  /** Milliseconds that never go back. */
  now(): number;
  /** Milliseconds since 1970. */
  date(): number;
  /** Calls `then` after `ms`, unless what is returned is called before. */
  after(ms: number, then: () => void): () => void;
}

/** That of the machine. */
export const machineClock: RunClock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
