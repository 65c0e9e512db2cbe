// Bids with the id of their channel: of the large ones by name, of the others from the url.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const CHANNEL_IDS = new Map([
  ['apple', '0'],
  ['google', '1'],
  ['facebook', '2'],
  ['baidu', '3'],
]);

const PARAMETER = '&channel_id=';

const withId = table('WithChannelId', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  channel: 'string',
  channelId: 'string',
});

function idInUrl(url: string): string | undefined {
  const at = url.indexOf(PARAMETER);
  if (at < 0) return undefined;
  const end = url.indexOf('&', at + PARAMETER.length);
  return url.slice(at + PARAMETER.length, end < 0 ? undefined : end);
}

export default pipeline('q21')
  .from('bids', bid, inEventTime)
  .flatMap(({ auction, bidder, price, channel, url }) => {
    const channelId = CHANNEL_IDS.get(channel.toLowerCase()) ?? idInUrl(url);
    return channelId === undefined ? undefined : { auction, bidder, price, channel, channelId };
  })
  .to('q21', withId);
