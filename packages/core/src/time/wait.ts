/** A span of time by the clock, which one that is set back does not make longer. */
export class Wait {
  private readonly ms: number;
  private fromMs: number;

  constructor(nowMs: number, ms: number) {
    this.fromMs = nowMs;
    this.ms = ms;
  }

  get endsAtMs(): number {
    return this.fromMs + this.ms;
  }

  isOver(nowMs: number): boolean {
    this.fromMs = Math.min(this.fromMs, nowMs);
    return nowMs >= this.endsAtMs;
  }
}
