import { pipeline, text } from '@lite-streams/core';
import { blockFor } from './gate.ts';

/** Takes a millisecond and more for each value. */
export default pipeline('tired')
  .from('in', text())
  .map(value => {
    blockFor(1);
    return value.length;
  })
  .map(String)
  .to('out', text());
