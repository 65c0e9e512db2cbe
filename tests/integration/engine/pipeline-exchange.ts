import { pipeline, text } from '@lite-streams/core';

/** Without state, but with channels between all tasks. */
export default pipeline('exchange')
  .from('in', text())
  .keyBy(value => value)
  .map(value => value)
  .to('out', text());
