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
    const [, , , dir1, dir2, dir3] = url.split('/');
    return { auction, bidder, price, channel, dir1, dir2, dir3 };
  })
  .to('q22', withDirectories);
