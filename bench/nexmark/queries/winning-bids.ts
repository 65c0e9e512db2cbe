// The winning bid of each auction, when it closes: what q4, q6 and q9 begin with.

import { listState, type pipeline, valueState } from 'lite-streams';
import type { Auction, Bid } from '../generator/events.ts';
import { auction, bid, inEventTime } from '../sources.ts';

/** The higher price wins, of equal ones the earlier bid. */
function beats(bid: Bid, best: Bid | undefined): boolean {
  if (best === undefined || bid.price !== best.price) return bid.price > (best?.price ?? 0);
  return bid.dateTime < best.dateTime || (bid.dateTime === best.dateTime && bid.n < best.n);
}

function counts(bid: Bid, { dateTime, expires }: Auction): boolean {
  return bid.dateTime >= dateTime && bid.dateTime <= expires;
}

export function winningBids(query: ReturnType<typeof pipeline>) {
  const bids = query.from('bids', bid, inEventTime).keyBy(({ auction }) => auction);
  return query
    .from('auctions', auction, inEventTime)
    .keyBy(({ id }) => id)
    .connect(bids)
    .process({
      state: {
        auction: valueState<Auction | undefined>(),
        best: valueState<Bid | undefined>(),
        closed: valueState(false, { ttl: '1m' }),
        // Bids that came before their auction; or of one that never comes.
        early: listState<Bid>({ ttl: '1m' }),
      },
      onLeft(auction, { state, timers }) {
        state.auction.set({ ...auction });
        timers.set(auction.expires);
        for (const bid of state.early.get()) {
          if (counts(bid, auction) && beats(bid, state.best.get())) state.best.set(bid);
        }
        state.early.clear();
      },
      onRight(bid, { state }) {
        const auction = state.auction.get();
        if (auction === undefined) {
          if (!state.closed.get()) state.early.add({ ...bid });
        } else if (counts(bid, auction) && beats(bid, state.best.get())) {
          state.best.set({ ...bid });
        }
      },
      onTimer(_timer, { state }) {
        const auction = state.auction.get();
        const bid = state.best.get();
        state.auction.clear();
        state.best.clear();
        state.closed.set(true);
        return auction === undefined || bid === undefined ? undefined : { auction, bid };
      },
    });
}
