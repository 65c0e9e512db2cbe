// The auctions with the most bids in the last 10 seconds, every 2 seconds.

import { count, hopping, pipeline, table, tumbling } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

interface Count {
  readonly auction: number;
  readonly bids: number;
  readonly start: number;
  readonly end: number;
}

export default pipeline('q5')
  .from('bids', bid, inEventTime)
  .keyBy(({ auction }) => auction)
  .window(hopping('10s', '2s'))
  .aggregate(count())
  .map((bids, { key, timestamp }): Count => {
    const end = timestamp + 1;
    return { auction: key, bids, start: end - 10_000, end };
  })
  .keyBy(({ end }) => end)
  // One window of 10 s ends in each 2 s.
  .window(tumbling('2s'))
  .aggregate({
    create: () => ({ most: 0, counts: [] as Count[] }),
    add: (hot, one) => {
      if (one.bids > hot.most) return { most: one.bids, counts: [one] };
      if (one.bids === hot.most) hot.counts.push(one);
      return hot;
    },
  })
  .flatMap(({ counts }) => counts)
  .to('q5', table('Hot', { auction: 'int', bids: 'int', start: 'double', end: 'double' }));
