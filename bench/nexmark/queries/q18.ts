// The last bid of each bidder on each auction.

import { pipeline, valueState } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

export default pipeline('q18')
  .from('bids', bid, inEventTime)
  // As a number, which is cheaper than a text.
  .keyBy(({ bidder, auction }) => bidder * 2 ** 32 + auction)
  .process({
    state: { last: valueState({ dateTime: Number.NEGATIVE_INFINITY, n: 0 }) },
    onRecord(bid, { state }) {
      const { n, dateTime } = bid;
      const last = state.last.get();
      if (dateTime < last.dateTime || (dateTime === last.dateTime && n < last.n)) return undefined;
      state.last.set({ dateTime, n });
      return bid;
    },
  })
  .to('q18', bid);
