import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Outlet } from './outlet.ts';
import { asRecordKey, asRecordValue } from './plain-text.ts';

/** Counts late values and sends them to the late topic, if there is one. */
export class LateOutput {
  private readonly step: string;
  private readonly outlet: Outlet | undefined;
  private readonly counts: RecordCounts;

  constructor(step: string, outlet: Outlet | undefined, counts: RecordCounts) {
    this.step = step;
    this.outlet = outlet;
    this.counts = counts;
  }

  /** `side`: of a join, where the value came in. `false`: it waits for room. */
  push(value: unknown, context: ContextCell, watermark: number, side?: 'left' | 'right'): boolean {
    this.counts.late++;
    if (this.outlet === undefined) return true;
    const headers: Record<string, string> = {
      'late.step': this.step,
      'late.watermark': String(watermark),
    };
    if (side !== undefined) headers['late.side'] = side;
    return this.outlet.push(
      asRecordKey(context.key),
      asRecordValue(value),
      context.timestamp,
      headers,
    );
  }
}
