// The winning bid of each auction, when it closes: what q4, q6 and q9 begin with.

import { kept, listState, type pipeline, valueState } from 'lite-streams';
import type { Auction, Bid } from '../generator/events.ts';
import { auction, bid, inEventTime } from '../sources.ts';

interface Lot {
  readonly auction: Auction;
  readonly best: Bid | undefined;
}

/** When nothing is expected any more of an auction that has closed, or of a bid without one. */
const FORGET_MS = 10_000;

/** Whether a bid beats the best so far: the higher price does, of equal ones the earlier bid. */
function wins(bid: Bid, { auction, best }: Lot): boolean {
  if (bid.dateTime < auction.dateTime || bid.dateTime > auction.expires) return false;
  if (best === undefined || bid.price !== best.price) return bid.price > (best?.price ?? 0);
  return bid.dateTime < best.dateTime || (bid.dateTime === best.dateTime && bid.n < best.n);
}

export function winningBids(query: ReturnType<typeof pipeline>) {
  const bids = query.from('bids', bid, inEventTime).keyBy(({ auction }) => auction);
  return query
    .from('auctions', auction, inEventTime)
    .keyBy(({ id }) => id)
    .connect(bids)
    .process({
      state: {
        lot: valueState<Lot | undefined>(),
        // Bids that came before their auction, or whose auction has closed or never comes.
        early: listState<Bid>(),
      },
      onLeft(auction, { state, timers }) {
        let lot: Lot = { auction: kept(auction), best: undefined };
        for (const bid of state.early.get()) if (wins(bid, lot)) lot = { ...lot, best: bid };
        state.early.clear();
        state.lot.set(lot);
        timers.set(auction.expires);
        timers.set(auction.expires + FORGET_MS);
      },
      onRight(bid, { state, timers }) {
        const lot = state.lot.get();
        if (lot === undefined) {
          state.early.add(kept(bid));
          timers.set(bid.dateTime + FORGET_MS);
        } else if (wins(bid, lot)) {
          state.lot.set({ ...lot, best: kept(bid) });
        }
      },
      onTimer({ timestamp }, { state }) {
        const lot = state.lot.get();
        if (lot === undefined) {
          const rest = state.early.get().filter(bid => bid.dateTime + FORGET_MS > timestamp);
          state.early.set(rest);
          return undefined;
        }
        const { auction, best } = lot;
        if (timestamp > auction.expires) state.lot.clear();
        if (timestamp !== auction.expires || best === undefined) return undefined;
        return { auction, bid: best };
      },
    });
}
