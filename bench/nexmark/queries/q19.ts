// The ten highest bids of each auction, told once a second while they change.

import { pipeline, table, valueState } from 'lite-streams';
import type { Bid } from '../generator/events.ts';
import { bid, inEventTime } from '../sources.ts';

const RANKS = 10;
const SECOND = 1000;

const ranked = table('Ranked', {
  rank: 'int',
  n: 'int',
  auction: 'int',
  bidder: 'int',
  price: 'int',
  channel: 'string',
  url: 'string',
  dateTime: 'double',
  extra: 'string',
});

export default pipeline('q19')
  .from('bids', bid, inEventTime)
  .keyBy(({ auction }) => auction)
  .process({
    state: { highest: valueState<readonly Bid[]>([]) },
    onRecord(bid, { state, timers, timestamp }) {
      const { price, n } = bid;
      const highest = state.highest.get();
      let at = highest.length;
      while (at > 0 && price > highest[at - 1].price) at--;
      while (at > 0 && price === highest[at - 1].price && n < highest[at - 1].n) at--;
      if (at === RANKS) return;
      state.highest.set(highest.toSpliced(at, 0, { ...bid }).slice(0, RANKS));
      timers.set(timestamp - (timestamp % SECOND) + SECOND);
    },
    onTimer: (_timer, { state }) =>
      state.highest.get().map((bid, above) => ({ ...bid, rank: above + 1 })),
  })
  .to('q19', ranked);
