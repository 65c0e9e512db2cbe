// Sessions that grow, merge and end, with early results and several aggregates at once, in virtual time.

import { deepStrictEqual } from 'node:assert';
import { testPipeline } from 'lite-streams/testing';
import visits, { type Click } from './pipeline.ts';

using test = testPipeline(visits);
const click = (user: string, minute: number, page: string, tookMs: number): void =>
  test.push({ user, at: minute * 60_000, page, tookMs } satisfies Click);

click('ada', 0, '/', 80);
click('ada', 2, '/shop', 1_200);
click('bob', 3, '/', 90);
deepStrictEqual(test.output(), []);

click('bob', 7, '/', 100); // 7 min − 1 min: the first five minutes are over
deepStrictEqual(test.output(), [
  { user: 'ada', clicks: 2, pages: 2, slow: 1, worstMs: 1_200, medianMs: 80 },
  { user: 'bob', clicks: 2, pages: 1, slow: 0, worstMs: 100, medianMs: 90 },
]);

click('bob', 34, '/help', 70); // bob's visit goes on; ada's ended at 32 min
deepStrictEqual(test.output(), [
  { user: 'ada', clicks: 2, pages: 2, slow: 1, worstMs: 1_200, medianMs: 80 },
]);

test.end(); // time runs to its end: past minute 35, where something is new, and past the visit's end
const last = { user: 'bob', clicks: 3, pages: 2, slow: 0, worstMs: 100, medianMs: 89 };
deepStrictEqual(test.output(), [last, last]);

const { in: taken, windowed, fired } = test.counters;
console.log(`${taken} clicks, ${windowed} in visits, ${fired} results`);
