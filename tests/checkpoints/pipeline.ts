import { boundedOutOfOrderness, json, pipeline, tumbling } from '@lite-streams/core';
import { fileOutside } from './outside.ts';
import { KEYS, type Reading, type Sum, WINDOW_MS } from './readings.ts';

/** Sums per key and window, with an exchange between: each once in a topic, and to a system outside. */
const sums = pipeline('sums', { checkpoint: { every: '50ms', mode: 'exactly-once' } });
const [topic, outside] = sums
  .from('in', json<Reading>(), {
    timestamp: ({ t }) => t,
    watermark: boundedOutOfOrderness(KEYS),
  })
  .keyBy(({ k }) => k)
  .window(tumbling(WINDOW_MS), { name: 'sums' })
  .aggregate({
    create: () => 0,
    add: (sum, { n }) => sum + n,
    result: (sum, { key, window }): Sum => ({ key, start: window.start, sum }),
  })
  .fork(2);
topic.to('out', json());
outside.deliver('outside', fileOutside<Sum>(8), { maxBatch: 20, backoff: '5ms' });
export default sums;
