// Every bid with its price in another currency.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const converted = table('Converted', {
  auction: 'int',
  bidder: 'int',
  price: 'double',
  dateTime: 'double',
  extra: 'string',
});

export default pipeline('q1')
  .from('bids', bid, inEventTime)
  .map(({ auction, bidder, price, dateTime, extra }) => ({
    auction,
    bidder,
    price: price * 0.908,
    dateTime,
    extra,
  }))
  .to('q1', converted);
