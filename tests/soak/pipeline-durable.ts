import { pipeline, text } from '@lite-streams/core';

/** Between durable topics: exactly once. */
export default pipeline('soak-durable', { checkpoint: { every: '250ms', mode: 'exactly-once' } })
  .from('durable-in', text())
  .keyBy(value => value)
  .map(value => value)
  .to('durable-out', text());
