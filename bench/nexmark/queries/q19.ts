// The ten highest bids of each auction, told once a second while they change.

import { kept, pipeline, table, valueState } from 'lite-streams';
import type { Bid } from '../generator/events.ts';
import { bid, inEventTime } from '../sources.ts';

const RANKS = 10;
const SECOND_MS = 1000;
/** After the last change of an auction's ranking. */
const FORGET_MS = 60_000;

interface Ranking {
  readonly highest: readonly Bid[];
  /** When the last change is to be told. */
  readonly due: number;
}

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
    state: { ranking: valueState<Ranking>({ highest: [], due: 0 }) },
    onRecord(bid, { state, timers, timestamp }) {
      const { price, n } = bid;
      const { highest, due } = state.ranking.get();
      let at = highest.length;
      while (at > 0 && price > highest[at - 1].price) at--;
      while (at > 0 && price === highest[at - 1].price && n < highest[at - 1].n) at--;
      if (at === RANKS) return;
      const now = highest.toSpliced(at, 0, kept(bid));
      if (now.length > RANKS) now.pop();
      const next = timestamp - (timestamp % SECOND_MS) + SECOND_MS;
      if (next > due) timers.set(next);
      state.ranking.set({ highest: now, due: Math.max(due, next) });
    },
    onTimer({ timestamp }, { state, timers }) {
      const { highest, due } = state.ranking.get();
      if (timestamp === due) timers.set(due + FORGET_MS);
      if (timestamp <= due) return highest.map((bid, above) => ({ ...bid, rank: above + 1 }));
      if (timestamp === due + FORGET_MS) state.ranking.clear();
      return undefined;
    },
  })
  .to('q19', ranked);
