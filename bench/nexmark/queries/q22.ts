// Bids with the directories of their url.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const withDirectories = table('WithDirectories', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  channel: 'string',
  dir1: 'string',
  dir2: 'string',
  dir3: 'string',
});

export default pipeline('q22')
  .from('bids', bid, inEventTime)
  .map(({ auction, bidder, price, channel, url }) => {
    // As `url.split('/')` would, without the parts that nobody asks for.
    const first = url.indexOf('/', url.indexOf('//') + 2) + 1;
    const second = url.indexOf('/', first) + 1;
    const third = url.indexOf('/', second) + 1;
    const dir1 = url.slice(first, second - 1);
    const dir2 = url.slice(second, third - 1);
    const dir3 = url.slice(third, url.indexOf('/', third));
    return { auction, bidder, price, channel, dir1, dir2, dir3 };
  })
  .to('q22', withDirectories);
