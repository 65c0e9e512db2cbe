// The bids on each auction in a day.

import { count, max, mean, min, pipeline, sum, table, tumbling, where } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';
import { dayOf, high, low, middle } from './statistics.ts';

const auctionDay = table('AuctionDay', {
  auction: 'int',
  day: 'string',
  totalBids: 'int',
  rank1Bids: 'int',
  rank2Bids: 'int',
  rank3Bids: 'int',
  minPrice: 'int',
  maxPrice: 'int',
  avgPrice: 'double',
  sumPrice: 'double',
});

export default pipeline('q17')
  .from('bids', bid, inEventTime)
  .keyBy(({ auction }) => auction)
  .window(tumbling('1d'))
  .aggregate({
    totalBids: count(),
    rank1Bids: where(low, count()),
    rank2Bids: where(middle, count()),
    rank3Bids: where(high, count()),
    minPrice: min(({ price }) => price),
    maxPrice: max(({ price }) => price),
    avgPrice: mean(({ price }) => price),
    sumPrice: sum(({ price }) => price),
  })
  .map((prices, { key, timestamp }) => ({ auction: key, day: dayOf(timestamp), ...prices }))
  .to('q17', auctionDay);
