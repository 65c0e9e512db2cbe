// The bids on some auctions.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

export default pipeline('q2')
  .from('bids', bid, inEventTime)
  .filter(({ auction }) => auction % 123 === 0)
  .map(({ auction, price }) => ({ auction, price }))
  .to('q2', table('Selected', { auction: 'int', price: 'int' }));
