import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import { RecordView } from '../record/view.ts';
import type { Serde } from './serde.ts';

const RECORDS: Serde<RecordView> = Object.freeze({
  name: 'records',
  values: 'records',
  views: true,
  encode(value: RecordView): Uint8Array {
    if (value instanceof RecordView) return value.valueView();
    fail(
      'SERDE_FAILED',
      `The serde records() takes a RecordView; it was given ${described(value)}.`,
    );
  },
  decode(record: RecordView): RecordView {
    return record;
  },
});

/**
 * The record itself, as the view that it is read through: nothing is decoded or copied. It is valid
 * only until the next batch. Encoding one passes its value's bytes on.
 */
export function records(): Serde<RecordView> {
  return RECORDS;
}
