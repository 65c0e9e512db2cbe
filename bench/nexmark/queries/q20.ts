// Bids with their auctions, of one category.

import { pipeline, table, unbounded } from 'lite-streams';
import { auction, bid, inEventTime } from '../sources.ts';

const withAuction = table('BidWithAuction', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  channel: 'string',
  url: 'string',
  bidDateTime: 'double',
  bidExtra: 'string',
  itemName: 'string',
  description: 'string',
  initialBid: 'int',
  reserve: 'int',
  dateTime: 'double',
  expires: 'double',
  seller: 'int',
  category: 'int',
  extra: 'string',
});

const query = pipeline('q20');

const auctions = query
  .from('auctions', auction, inEventTime)
  .filter(({ category }) => category === 10)
  .map(auction => ({ ...auction }))
  .keyBy(({ id }) => id);

export default query
  .from('bids', bid, inEventTime)
  .map(({ auction, bidder, price, channel, url, dateTime, extra }) => ({
    auction,
    bidder,
    price,
    channel,
    url,
    bidDateTime: dateTime,
    bidExtra: extra,
  }))
  .keyBy(({ auction }) => auction)
  .join(auctions, unbounded({ ttl: '1m' }), (bid, { id: _id, n: _n, ...auction }) => ({
    ...bid,
    ...auction,
  }))
  .to('q20', withAuction);
