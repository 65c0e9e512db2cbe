// The bids with the highest price of every 10 seconds.

import { pipeline, table, tumbling, type ValueOf } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const highest = table('Highest', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  dateTime: 'double',
  extra: 'string',
});

export default pipeline('q7')
  .from('bids', bid, inEventTime)
  .window(tumbling('10s'))
  .aggregate({
    create: () => ({ most: 0, bids: [] as ValueOf<typeof highest>[] }),
    add: (best, { auction, bidder, price, dateTime, extra }) => {
      if (price < best.most) return best;
      const bid = { auction, bidder, price, dateTime, extra };
      return { most: price, bids: price > best.most ? [bid] : [...best.bids, bid] };
    },
    // What is never changed in place needs no copy for undoing an add that failed.
    copy: best => best,
  })
  .flatMap(({ bids }) => bids)
  .to('q7', highest);
