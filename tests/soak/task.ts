/** What a producer thread of the soak is told. */
export interface SoakTask {
  /** Names this producer; none before has had it. */
  readonly id: number;
  readonly topic: string;
  readonly words: SharedArrayBuffer;
}

/** Words that a producer shares with the main thread. */
export const SOAK_WORDS = {
  /** How many records are acknowledged. */
  acknowledged: 0,
  /** Not 0 once it has to stop. */
  stop: 1,
  /** How many it may send: it must not run away from those who read. */
  allowed: 2,
} as const;
