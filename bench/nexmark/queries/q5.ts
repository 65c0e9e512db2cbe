// The auctions with the most bids in the last 10 seconds, every 2 seconds.

import { hopping, pipeline, table, tumbling } from 'lite-streams';
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
  .aggregate({
    create: () => 0,
    add: bids => bids + 1,
    merge: (left, right) => left + right,
    result: (bids, { key, window }): Count => ({ auction: key, bids, ...window }),
  })
  .keyBy(({ end }) => end)
  // One window of 10 s ends in each 2 s.
  .window(tumbling('2s'))
  .aggregate({
    create: () => ({ most: 0, counts: [] as Count[] }),
    add: (hot, count) => {
      if (count.bids > hot.most) return { most: count.bids, counts: [count] };
      if (count.bids === hot.most) hot.counts.push(count);
      return hot;
    },
  })
  .flatMap(({ counts }) => counts)
  .to('q5', table('Hot', { auction: 'int', bids: 'int', start: 'double', end: 'double' }));
