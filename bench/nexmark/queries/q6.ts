// The average winning price of the last ten auctions that each seller has closed.

import { pipeline, table, valueState } from 'lite-streams';
import { winningBids } from './winning-bids.ts';

interface Sale {
  readonly expires: number;
  readonly auction: number;
  readonly price: number;
}

const LAST = 10;

export default winningBids(pipeline('q6'))
  .keyBy(({ auction }) => auction.seller)
  .process({
    state: { last: valueState<readonly Sale[]>([]) },
    onRecord({ auction: { id, expires }, bid: { price } }, { key, state }) {
      const sales = [...state.last.get(), { expires, auction: id, price }]
        .sort((left, right) => left.expires - right.expires || left.auction - right.auction)
        .slice(-LAST);
      state.last.set(sales);
      const average = sales.reduce((sum, sale) => sum + sale.price, 0) / sales.length;
      return { seller: key, average };
    },
  })
  .to('q6', table('SellerAverage', { seller: 'int', average: 'double' }));
