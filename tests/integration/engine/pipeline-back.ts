import { pipeline, text } from '@lite-streams/core';

/** From the output of `copy` back to its input: together they are a cycle. */
export default pipeline('back').from('out', text()).to('in', text());
