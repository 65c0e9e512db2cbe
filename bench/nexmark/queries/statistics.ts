// What q15 and q16 count in a day: bids, bidders and auctions, in all and by rank of price.

import { type Aggregated, count, distinct, where } from 'lite-streams';
import type { Bid } from '../generator/events.ts';

/** Ranks by price. */
export const low = ({ price }: Bid) => price < 10_000;
export const middle = ({ price }: Bid) => price >= 10_000 && price < 1_000_000;
export const high = ({ price }: Bid) => price >= 1_000_000;

const ranks = [low, middle, high];

/** What is counted; `columnsOf` gives the results their names. */
export const statistics = {
  totalBids: count(),
  rank1Bids: where(low, count()),
  rank2Bids: where(middle, count()),
  rank3Bids: where(high, count()),
  bidders: distinct(({ bidder }: Bid) => bidder, ranks),
  auctions: distinct(({ auction }: Bid) => auction, ranks),
};

export function columnsOf({ bidders, auctions, ...bids }: Aggregated<typeof statistics>) {
  const [totalBidders, rank1Bidders, rank2Bidders, rank3Bidders] = bidders;
  const [totalAuctions, rank1Auctions, rank2Auctions, rank3Auctions] = auctions;
  return {
    ...bids,
    totalBidders,
    rank1Bidders,
    rank2Bidders,
    rank3Bidders,
    totalAuctions,
    rank1Auctions,
    rank2Auctions,
    rank3Auctions,
  };
}

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
