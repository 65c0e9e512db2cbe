import type { RecordSink } from '../operator/endpoints.ts';
import { PlacedValue } from '../record/placed-value.ts';

/** A record as it arrived in a `MemorySink`. */
export interface SunkRecord {
  readonly key: string | Uint8Array | null | undefined;
  readonly value: string | Uint8Array | null | undefined;
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string | Uint8Array>>;
}

/** An output on the heap. It can refuse every other record, as an output without room would. */
export class MemorySink implements RecordSink {
  readonly places = [];
  readonly records: SunkRecord[] = [];
  ended = false;
  private readonly refuses: boolean;
  private refused = false;

  constructor(refuses = false) {
    this.refuses = refuses;
  }

  tryAppend(
    key: SunkRecord['key'],
    given: SunkRecord['value'] | PlacedValue,
    timestamp: number,
    headers: SunkRecord['headers'] | null | undefined,
  ): boolean {
    if (this.refuses) {
      this.refused = !this.refused;
      if (this.refused) return false;
    }
    const value = given instanceof PlacedValue ? given.bytes().slice() : given;
    this.records.push({ key, value, timestamp, headers: headers ?? {} });
    return true;
  }

  flush(): boolean {
    return true;
  }

  end(): void {
    this.ended = true;
  }
}
