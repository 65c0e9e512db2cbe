// What the latency bench runs: a user function that notes how long ago each record was due.

import { build } from 'hdr-histogram-js';
import { json, pipeline, records } from 'lite-streams';
import { nowUs } from '../latency/clock.ts';
import { END_OF_PASS, SEQUENCE_AT, VALUE_AT } from '../throughput/reading.ts';

/** Latencies of one pass, in microseconds. */
export interface LatencySummary {
  readonly count: number;
  /** Sum of the sequences seen. */
  readonly sequences: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const LONGEST_US = 60_000_000;

const histogram = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: LONGEST_US,
  numberOfSignificantValueDigits: 3,
});
let sequences = 0;

export default pipeline('latency')
  .from('due', records())
  .filter(record => {
    const sequence = record.valueInt32(SEQUENCE_AT);
    if (sequence === END_OF_PASS) return true;
    const latencyUs = nowUs() - record.valueFloat64(VALUE_AT);
    histogram.recordValue(Math.max(1, Math.min(LONGEST_US, Math.round(latencyUs))));
    sequences += sequence;
    return false;
  })
  .map((): LatencySummary => {
    const summary = {
      count: histogram.totalCount,
      sequences,
      p50: histogram.getValueAtPercentile(50),
      p99: histogram.getValueAtPercentile(99),
      p999: histogram.getValueAtPercentile(99.9),
      max: histogram.maxValue,
    };
    histogram.reset();
    sequences = 0;
    return summary;
  })
  .to('latencies', json<LatencySummary>());
