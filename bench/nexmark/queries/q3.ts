// Who sells in some states, and what.

import { pipeline, table, unbounded } from 'lite-streams';
import { auction, inEventTime, person } from '../sources.ts';

const STATES = new Set(['OR', 'ID', 'CA']);

const query = pipeline('q3');

const people = query
  .from('people', person, inEventTime)
  .filter(({ state }) => STATES.has(state))
  .map(({ id, name, city, state }) => ({ id, name, city, state }))
  .keyBy(({ id }) => id);

export default query
  .from('auctions', auction, inEventTime)
  .filter(({ category }) => category === 10)
  .map(({ id, seller }) => ({ id, seller }))
  .keyBy(({ seller }) => seller)
  .join(people, unbounded({ ttl: '1d' }), ({ id }, { name, city, state }) => ({
    name,
    city,
    state,
    auction: id,
  }))
  .to('q3', table('Local', { name: 'string', city: 'string', state: 'string', auction: 'int' }));
