import { pipeline, text } from '@lite-streams/core';

/** Without state: every record again. A value `throw` makes user code throw. */
export default pipeline('copy')
  .from('in', text())
  .map(value => {
    if (value === 'throw') throw new RangeError('asked to throw');
    return value;
  })
  .to('out', text());
