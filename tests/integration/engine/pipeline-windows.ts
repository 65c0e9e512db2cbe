import { boundedOutOfOrderness, json, pipeline, tumbling } from '@lite-streams/core';

interface Reading {
  readonly k: string;
  readonly t: number;
}

/** Counts per key and 100 ms; `t` rises by 1 per record. */
const windows = pipeline('windows', { checkpoint: { every: '50ms' } });
windows
  .from('in', json<Reading>(), {
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
export default windows;
