import {
  boundedOutOfOrderness,
  type Connector,
  json,
  pipeline,
  tumbling,
} from '@lite-streams/core';
import type { Sample } from './sample.ts';

export const WINDOW_MS = 25;

/** What comes of one key in one window. */
export interface Result {
  readonly key: string;
  readonly start: number;
  readonly count: number;
  readonly sum: number;
}

/** What the system outside does with a batch; of the simulation that runs. */
export const outside: { write: Connector<Result>['write'] } = { write: () => {} };

/**
 * Counts and sums per key and window, each given exactly once to a topic and to a system outside, with an
 * exchange between.
 */
const sums = pipeline('sums', {
  checkpoint: { every: '20ms', mode: 'exactly-once', maxOutputBytes: 4_096 },
});
const [topic, system] = sums
  .from('in', json<Sample>(), {
    timestamp: ({ t }) => t,
    watermark: boundedOutOfOrderness('5ms'),
  })
  .keyBy(({ k }) => k)
  .window(tumbling(WINDOW_MS), { name: 'sums', lateTo: 'late' })
  .aggregate({
    create: () => ({ count: 0, sum: 0 }),
    add: ({ count, sum }, { v }) => ({ count: count + 1, sum: sum + v }),
    result: ({ count, sum }, { key, window }): Result => ({
      key,
      start: window.start,
      count,
      sum,
    }),
  })
  .fork(2);
topic.to('out', json());
system.deliver(
  'outside',
  { write: (results, context) => outside.write(results, context) },
  { maxBatch: 3, backoff: '5ms', maxBackoff: '20ms' },
);

export { sums };
