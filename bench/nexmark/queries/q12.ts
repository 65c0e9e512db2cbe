// The bids of each bidder in every ten seconds of the clock.

import { count, pipeline, table, tumbling } from 'lite-streams';
import { bid } from '../sources.ts';

const SIZE_MS = 10_000;

export default pipeline('q12')
  .from('bids', bid)
  .keyBy(({ bidder }) => bidder)
  .window(tumbling(SIZE_MS), { time: 'processing' })
  .aggregate(count())
  .map((bids, { key, timestamp }) => {
    const end = timestamp + 1;
    return { bidder: key, bids, start: end - SIZE_MS, end };
  })
  .to('q12', table('Clocked', { bidder: 'int', bids: 'int', start: 'double', end: 'double' }));
