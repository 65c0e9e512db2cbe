// The winning bid of each auction.

import { pipeline, table } from 'lite-streams';
import { winningBids } from './winning-bids.ts';

const won = table('Won', {
  n: 'int',
  id: 'int',
  itemName: 'string',
  description: 'string',
  initialBid: 'int',
  reserve: 'int',
  dateTime: 'double',
  expires: 'double',
  seller: 'int',
  category: 'int',
  extra: 'string',
  bidder: 'int',
  price: 'int',
  bidDateTime: 'double',
  bidExtra: 'string',
});

export default winningBids(pipeline('q9'))
  .map(({ auction, bid }) => ({
    ...auction,
    bidder: bid.bidder,
    price: bid.price,
    bidDateTime: bid.dateTime,
    bidExtra: bid.extra,
  }))
  .to('q9', won);
