// The bids of each bidder, from one pause of ten seconds to the next.

import { count, max, min, pipeline, session, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const GAP_MS = 10_000;

export default pipeline('q11')
  .from('bids', bid, inEventTime)
  .keyBy(({ bidder }) => bidder)
  .window(session(GAP_MS))
  .aggregate({
    bids: count(),
    start: min(({ dateTime }) => dateTime),
    last: max(({ dateTime }) => dateTime),
  })
  .map(({ bids, start, last }, { key }) => ({ bidder: key, bids, start, end: last + GAP_MS }))
  .to('q11', table('Session', { bidder: 'int', bids: 'int', start: 'double', end: 'double' }));
