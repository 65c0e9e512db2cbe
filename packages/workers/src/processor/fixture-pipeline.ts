import { pipeline, text } from '@lite-streams/core';

export default pipeline('fixture').from('in', text()).to('out', text());
