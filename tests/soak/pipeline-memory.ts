import { pipeline, text } from '@lite-streams/core';

/** Between topics in memory: at least once. */
export default pipeline('soak-memory')
  .from('memory-in', text())
  .keyBy(value => value)
  .map(value => value)
  .to('memory-out', text());
