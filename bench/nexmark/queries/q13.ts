// Bids with what a bounded input says about their auctions.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime, SIDE_KEYS, side } from '../sources.ts';

const enriched = table('Enriched', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  dateTime: 'double',
  value: 'string',
});

const query = pipeline('q13');

export default query
  .from('bids', bid, inEventTime)
  .lookup(
    query.from('side', side),
    { key: ({ auction }) => auction % SIDE_KEYS, sideKey: ({ key }) => key },
    ({ auction, bidder, price, dateTime }, { value }) => ({
      auction,
      bidder,
      price,
      dateTime,
      value,
    }),
  )
  .to('q13', enriched);
