// Who registered and opened an auction in the same ten seconds.

import { count, pipeline, table, tumbling } from 'lite-streams';
import { auction, inEventTime, person } from '../sources.ts';

const query = pipeline('q8');

const people = query
  .from('people', person, inEventTime)
  .map(({ id, name }) => ({ id, name }))
  .keyBy(({ id }) => id);

export default query
  .from('auctions', auction, inEventTime)
  .keyBy(({ seller }) => seller)
  .window(tumbling('10s'))
  .aggregate(count())
  .join(people, tumbling('10s'), (_auctions, { id, name }, { timestamp }) => ({
    id,
    name,
    start: timestamp + 1 - 10_000,
  }))
  .to('q8', table('NewSeller', { id: 'int', name: 'string', start: 'double' }));
