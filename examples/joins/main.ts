// Joins, stepped in virtual time: as of, interval and lookup in one pipeline.

import { deepStrictEqual } from 'node:assert';
import { testPipeline } from 'lite-streams/testing';
import orderBook, { type Country, type Order, type Payment, type Rate } from './pipeline.ts';

using test = testPipeline(orderBook);
const minutes = (n: number): number => n * 60_000;
const country = (value: Country): void => test.push(value, { topic: 'countries' });
const order = (value: Order): void => test.push(value, { topic: 'orders' });
const payment = (value: Payment): void => test.push(value, { topic: 'payments' });
const rate = (value: Rate): void => test.push(value, { topic: 'rates' });

order({ id: 'o1', country: 'NL', at: minutes(1), euros: 100 });
order({ id: 'o2', country: 'CH', at: minutes(2), euros: 80 });
country({ code: 'NL', name: 'Netherlands' });
country({ code: 'CH', name: 'Switzerland' });
test.end('countries'); // from here on, orders are looked up

rate({ currency: 'USD', at: 0, euros: 0.5 });
rate({ currency: 'USD', at: minutes(30), euros: 0.8 });
payment({ order: 'o1', at: minutes(20), amount: 120, currency: 'USD' });
deepStrictEqual(test.output(), []); // a rate of before the twentieth minute may still come

payment({ order: 'o2', at: minutes(75), amount: 100, currency: 'USD' }); // after more than an hour
rate({ currency: 'USD', at: minutes(90), euros: 0.9 });
order({ id: 'o3', country: 'NL', at: minutes(90), euros: 10 });
payment({ order: 'o3', at: minutes(91), amount: 5, currency: 'USD' });
deepStrictEqual(test.output(), [
  { order: 'o1', country: 'Netherlands', open: 40 },
  { order: 'o2', country: 'Switzerland', open: 80 }, // its hour is over on every side
]);

test.end(); // now no other rate can come for the last payment
deepStrictEqual(test.output(), [{ order: 'o3', country: 'Netherlands', open: 5.5 }]);

const { joined, late, fired } = test.counters;
console.log(`${joined} values joined, ${late} late, ${fired} results`);
