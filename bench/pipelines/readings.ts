// What the pipes run on a processor: a user function on every record, which sums up what it sees.

import { threadId } from 'node:worker_threads';
import { json, pipeline, records } from 'lite-streams';
import { END_OF_PASS, SEQUENCE_AT, type Tally, VALUE_AT } from '../throughput/reading.ts';

/** What one processor has seen since it started. */
export interface Totals extends Tally {
  readonly thread: number;
}

let count = 0;
let sequences = 0;
let values = 0;

export default pipeline('readings')
  .from('readings', records())
  .filter(record => {
    const sequence = record.valueInt32(SEQUENCE_AT);
    if (sequence === END_OF_PASS) return true;
    count++;
    sequences += sequence;
    values += record.valueFloat64(VALUE_AT);
    return false;
  })
  .map((): Totals => ({ thread: threadId, count, sequences, values }))
  .to('totals', json<Totals>());
