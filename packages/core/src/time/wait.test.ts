import { expect, test } from 'vitest';
import { Wait } from './wait.ts';

test('a wait is over after its time', () => {
  const wait = new Wait(1_000, 50);
  expect([wait.isOver(1_049), wait.endsAtMs]).toEqual([false, 1_050]);
  expect(wait.isOver(1_050)).toBe(true);
});

test('a clock that is set back does not make it longer, whatever is left of it', () => {
  const wait = new Wait(1_000, 50);
  expect(wait.isOver(1_049)).toBe(false);
  expect(wait.isOver(200)).toBe(false);
  expect([wait.isOver(249), wait.isOver(250)]).toEqual([false, true]);
});
