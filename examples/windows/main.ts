// A pipeline stepped in virtual time, without threads: how to test one.

import { deepStrictEqual } from 'node:assert';
import { testPipeline } from 'lite-streams/testing';
import temperatures, { type Reading } from './pipeline.ts';

using test = testPipeline(temperatures);
const push = (seconds: number, degrees: number): void =>
  test.push({ sensor: 'roof', at: seconds * 1_000, degrees } satisfies Reading);

push(5, 20);
push(55, 24);
push(48, 25); // out of order, but not by more than ten seconds
push(69, 21); // 69 s − 10 s: the first minute may still get readings
deepStrictEqual(test.output(), []);

push(71, 22); // now it is over
deepStrictEqual(test.output(), [{ sensor: 'roof', start: 0, readings: 3, highest: 25 }]);

push(59, 30); // too late for its minute
deepStrictEqual(test.late().length, 1);

test.end(); // the end of the input closes every window
deepStrictEqual(test.output(), [{ sensor: 'roof', start: 60_000, readings: 2, highest: 22 }]);

const { in: taken, windowed, late } = test.counters;
console.log(`${taken} readings = ${windowed} in windows + ${late} late`);
