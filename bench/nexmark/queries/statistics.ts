// What q15 and q16 count in a day: bids, bidders and auctions, in all and by rank of price.

import { type Aggregated, count, type Fold, where } from 'lite-streams';
import type { Bid } from '../generator/events.ts';

/** Ranks by price. */
export const low = ({ price }: Bid) => price < 10_000;
export const middle = ({ price }: Bid) => price >= 10_000 && price < 1_000_000;
export const high = ({ price }: Bid) => price >= 1_000_000;

const ranks = [low, middle, high];

/**
 * How many different ones there are in all and of each rank. As four of `distinct`, two of them behind
 * `where`, but with one look-up for a bid.
 */
function distinctByRank(of: (bid: Bid) => number): Fold<Bid, Map<number, number>, number[]> {
  const fold = (seen: Map<number, number>, id: number, bid: Bid) => {
    const before = seen.get(id) ?? 0;
    const after = before | (low(bid) ? 1 : middle(bid) ? 2 : 4);
    return after === before ? seen : seen.set(id, after);
  };
  return {
    empty: [0, 0, 0, 0],
    create: () => new Map(),
    read: of,
    fold: (seen, id, bid) => fold(seen, id as number, bid),
    add: (seen, bid) => fold(seen, of(bid), bid),
    result(seen) {
      const having = (rank: number) => [...seen.values()].filter(had => (had & (1 << rank)) !== 0);
      return [seen.size, ...ranks.map((_, rank) => having(rank).length)];
    },
  };
}

/** What is counted; `columnsOf` gives the results their names. */
export const statistics = {
  totalBids: count(),
  rank1Bids: where(low, count()),
  rank2Bids: where(middle, count()),
  rank3Bids: where(high, count()),
  bidders: distinctByRank(({ bidder }) => bidder),
  auctions: distinctByRank(({ auction }) => auction),
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
