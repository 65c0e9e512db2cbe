import { PLACED, type PlacingSerde, type Serde } from '../serde/serde.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Operator } from './operator.ts';
import type { Outlet } from './outlet.ts';
import { asRecordKey } from './plain-text.ts';

type Headers = Readonly<Record<string, string | Uint8Array>> | null | undefined;

/** How a value becomes a record of the output topic. */
export interface SinkForm {
  readonly serde: Pick<Serde<unknown>, 'encode'> & PlacingSerde;
  readonly key?: ((value: unknown, context: ContextCell) => unknown) | undefined;
  readonly headers?: ((value: unknown, context: ContextCell) => Headers) | undefined;
  readonly timestamp?: ((value: unknown, context: ContextCell) => number) | undefined;
}

/** The end of a pipeline: encodes values and appends them to the output topic. */
export class SinkOperator implements Operator {
  private readonly step: string;
  private readonly form: SinkForm;
  private readonly outlet: Outlet;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;

  constructor(step: string, form: SinkForm, outlet: Outlet, faults: Faults, counts: RecordCounts) {
    this.step = step;
    this.form = form;
    this.outlet = outlet;
    this.faults = faults;
    this.counts = counts;
  }

  push(value: unknown, context: ContextCell): boolean {
    let done: boolean;
    try {
      done = this.append(value, context);
    } catch (error) {
      return this.recover(error, value, context);
    }
    this.counts.out++;
    return done;
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    if (!this.faults.isOfOneRecord(error)) throw error;
    const outcome = this.faults.retry(error, () => this.append(value, context));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    this.counts.out++;
    return outcome.value as boolean;
  }

  watermark(_watermark: number): boolean {
    return true;
  }

  end(): boolean {
    return true;
  }

  resume(): boolean {
    return this.outlet.resume();
  }

  snapshot(): void {}

  restore(): void {}

  private append(value: unknown, context: ContextCell): boolean {
    const { serde, key, headers, timestamp } = this.form;
    const recordKey = asRecordKey(key === undefined ? context.key : key(value, context));
    const at = timestamp === undefined ? context.timestamp : timestamp(value, context);
    const recordHeaders = headers === undefined ? undefined : headers(value, context);
    // Last: a function of the user's may encode something by the same serde.
    const placed = serde[PLACED] === undefined ? serde.encode(value) : serde[PLACED](value);
    return this.outlet.push(recordKey, placed, at, recordHeaders);
  }
}
