import { count, duration, rate } from './numbers.ts';

/** Tells how fast records come, counted from when the first has come. */
export class Pace {
  private sinceMs: number | undefined;

  /** `1,234 records · 1.23 k/s · 1.0 s` of `records` so far; `of`: how many there will be. */
  text(records: number, of = Number.POSITIVE_INFINITY): string {
    const nowMs = performance.now();
    if (records > 0) this.sinceMs ??= nowMs;
    const elapsedMs = nowMs - (this.sinceMs ?? nowMs);
    const share = Number.isFinite(of) ? ` of ${count(of)}` : '';
    const noun = records === 1 && share === '' ? 'record' : 'records';
    const taken = `${count(records)}${share} ${noun}`;
    return elapsedMs === 0
      ? taken
      : `${taken} · ${rate(records, elapsedMs)} · ${duration(elapsedMs)}`;
  }
}
