/**
 * When an event-time window fires, when it goes, and what is late (Flink's rules). `W` is the
 * watermark: nothing with a timestamp ≤ `W` follows.
 */
export class EventTimeTrigger {
  readonly allowedLateness: number;

  constructor(allowedLatenessMs: number) {
    this.allowedLateness = allowedLatenessMs;
  }

  /** The watermark at which a window fires; also the timestamp of its results. */
  firesAt(end: number): number {
    return end - 1;
  }

  /** The watermark at which a window's state goes. A record for it is late from then on. */
  cleanedUpAt(end: number): number {
    return end - 1 + this.allowedLateness;
  }
}
