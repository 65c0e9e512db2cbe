// The average winning price of each category.

import { pipeline, table, valueState } from 'lite-streams';
import { winningBids } from './winning-bids.ts';

export default winningBids(pipeline('q4'))
  .keyBy(({ auction }) => auction.category)
  .process({
    state: { sales: valueState({ n: 0, sum: 0 }) },
    onRecord({ bid }, { key, state }) {
      const { n, sum } = state.sales.get();
      const sales = { n: n + 1, sum: sum + bid.price };
      state.sales.set(sales);
      return { category: key, average: sales.sum / sales.n };
    },
  })
  .to('q4', table('CategoryAverage', { category: 'int', average: 'double' }));
