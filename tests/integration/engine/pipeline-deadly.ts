import { pipeline, text } from '@lite-streams/core';

/** Ends its thread at a value `die`, every time it meets it. */
export default pipeline('deadly')
  .from('in', text())
  .tap(value => {
    if (value === 'die') process.exit(3);
  })
  .to('out', text());
