// What q15 and q16 count in a day: bids, bidders and auctions, in all and by rank of price.

import { count, distinct, where } from 'lite-streams';
import type { Bid } from '../generator/events.ts';

const bidder = (bid: Bid) => bid.bidder;
const auction = (bid: Bid) => bid.auction;

/** Ranks by price. */
export const low = ({ price }: Bid) => price < 10_000;
export const middle = ({ price }: Bid) => price >= 10_000 && price < 1_000_000;
export const high = ({ price }: Bid) => price >= 1_000_000;

export const statistics = {
  totalBids: count(),
  rank1Bids: where(low, count()),
  rank2Bids: where(middle, count()),
  rank3Bids: where(high, count()),
  totalBidders: distinct(bidder),
  rank1Bidders: where(low, distinct(bidder)),
  rank2Bidders: where(middle, distinct(bidder)),
  rank3Bidders: where(high, distinct(bidder)),
  totalAuctions: distinct(auction),
  rank1Auctions: where(low, distinct(auction)),
  rank2Auctions: where(middle, distinct(auction)),
  rank3Auctions: where(high, distinct(auction)),
};

export const STATISTICS = {
  totalBids: 'int',
  rank1Bids: 'int',
  rank2Bids: 'int',
  rank3Bids: 'int',
  totalBidders: 'int',
  rank1Bidders: 'int',
  rank2Bidders: 'int',
  rank3Bidders: 'int',
  totalAuctions: 'int',
  rank1Auctions: 'int',
  rank2Auctions: 'int',
  rank3Auctions: 'int',
} as const;

/** The day of a time, as `2020-01-31`. */
export function dayOf(timestamp: number): string {
  return new Date(timestamp).toISOString().slice(0, 10);
}
