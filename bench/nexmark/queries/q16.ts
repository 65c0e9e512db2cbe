// What happened in a day by each channel, and the minute of its last bid.

import { max, pipeline, table, tumbling } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';
import { columnsOf, dayOf, STATISTICS, statistics } from './statistics.ts';

const channelDay = table('ChannelDay', {
  channel: 'string',
  day: 'string',
  minute: 'string',
  ...STATISTICS,
});

export default pipeline('q16')
  .from('bids', bid, inEventTime)
  .keyBy(({ channel }) => channel)
  .window(tumbling('1d'))
  .aggregate({ ...statistics, last: max(({ dateTime }) => dateTime) })
  .map(({ last, ...counts }, { key, timestamp }) => ({
    channel: key,
    day: dayOf(timestamp),
    minute: new Date(last).toISOString().slice(11, 16),
    ...columnsOf(counts),
  }))
  .to('q16', channelDay);
