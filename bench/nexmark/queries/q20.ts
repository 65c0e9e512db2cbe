// Bids with their auctions, of one category.

import { kept, listState, pipeline, table, type ValueOf, valueState } from 'lite-streams';
import type { Auction, Bid } from '../generator/events.ts';
import { auction, bid, inEventTime } from '../sources.ts';

const withAuction = table('BidWithAuction', {
  auction: 'int',
  bidder: 'int',
  price: 'int',
  channel: 'string',
  url: 'string',
  bidDateTime: 'double',
  bidExtra: 'string',
  itemName: 'string',
  description: 'string',
  initialBid: 'int',
  reserve: 'int',
  dateTime: 'double',
  expires: 'double',
  seller: 'int',
  category: 'int',
  extra: 'string',
});

/** An auction that has come; of another category it only says so. */
interface Known {
  readonly opened: number;
  readonly auction: Auction | undefined;
}

/** No bid lies further from the opening of its auction. */
const APART_MS = 60_000;

function rowOf(bid: Bid, opened: Auction): ValueOf<typeof withAuction> {
  const { auction, bidder, price, channel, url, dateTime: bidDateTime, extra: bidExtra } = bid;
  return { ...opened, auction, bidder, price, channel, url, bidDateTime, bidExtra };
}

const query = pipeline('q20');
const bids = query.from('bids', bid, inEventTime).keyBy(({ auction }) => auction);

// `join` would keep every bid, in case its auction comes later; here only those are kept that came before.
export default query
  .from('auctions', auction, inEventTime)
  .keyBy(({ id }) => id)
  .connect(bids)
  .process({
    state: { known: valueState<Known | undefined>(), early: listState<Bid>() },
    onLeft(given, { state, timers }) {
      const auction = given.category === 10 ? kept(given) : undefined;
      const early = state.early.get();
      state.early.clear();
      state.known.set({ opened: given.dateTime, auction });
      timers.set(given.dateTime + APART_MS);
      return auction === undefined ? undefined : early.map(bid => rowOf(bid, auction));
    },
    onRight(bid, { state, timers }) {
      const known = state.known.get();
      if (known === undefined) {
        state.early.add(kept(bid));
        timers.set(bid.dateTime + APART_MS);
      }
      return known?.auction === undefined ? undefined : rowOf(bid, known.auction);
    },
    onTimer({ timestamp }, { state }) {
      const known = state.known.get();
      if (known !== undefined && timestamp >= known.opened + APART_MS) state.known.clear();
      const early = state.early.get();
      state.early.set(early.filter(({ dateTime }) => timestamp < dateTime + APART_MS));
    },
  })
  .to('q20', withAuction);
