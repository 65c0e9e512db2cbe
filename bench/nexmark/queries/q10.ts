// Every bid with its day and minute, which name the partition that it belongs to.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const logged = table('Logged', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  dateTime: 'double',
  extra: 'string',
  day: 'string',
  minute: 'string',
});

export default pipeline('q10')
  .from('bids', bid, inEventTime)
  .map(({ auction, bidder, price, dateTime, extra }) => {
    const iso = new Date(dateTime).toISOString();
    const [day, minute] = [iso.slice(0, 10), iso.slice(11, 16)];
    return { auction, bidder, price, dateTime, extra, day, minute };
  })
  .to('q10', logged, { key: ({ day, minute }) => `dt=${day}/hm=${minute}` });
