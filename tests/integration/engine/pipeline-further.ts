import { pipeline, text } from '@lite-streams/core';

/** Goes on from the output of the pipeline `copy`. */
export default pipeline('further').from('out', text()).to('further', text());
