// What happened in a day: bids, bidders and auctions, in all and by rank of price.

import { pipeline, table, tumbling } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';
import { columnsOf, dayOf, STATISTICS, statistics } from './statistics.ts';

export default pipeline('q15')
  .from('bids', bid, inEventTime)
  .window(tumbling('1d'))
  .aggregate(statistics)
  .map((counts, { timestamp }) => ({ day: dayOf(timestamp), ...columnsOf(counts) }))
  .to('q15', table('Day', { day: 'string', ...STATISTICS }));
