import { boundedOutOfOrderness, json, pipeline, tumbling } from '@lite-streams/core';

/** Counts per key and 100 ms, each given exactly once. */
const exact = pipeline('exact', { checkpoint: { every: '100ms', mode: 'exactly-once' } });
exact
  .from('in', json<{ k: string; t: number }>(), {
    timestamp: ({ t }) => t,
    watermark: boundedOutOfOrderness('10ms'),
  })
  .keyBy(({ k }) => k)
  .window(tumbling(100), { name: 'counts' })
  .aggregate({
    create: () => 0,
    add: n => n + 1,
    result: (n, { key, window }) => ({ key, start: window.start, n }),
  })
  .to('out', json());
export default exact;
