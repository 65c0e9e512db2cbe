// Every bid, unchanged.

import { pipeline } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

export default pipeline('q0').from('bids', bid, inEventTime).to('q0', bid);
