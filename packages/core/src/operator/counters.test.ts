import { expect, test } from 'vitest';
import { addCounts, COUNT_NAMES, noCounts, unaccounted } from './counters.ts';

test('every record is accounted for, or the difference shows', () => {
  const counts = { ...noCounts(), in: 10, expanded: 2, fired: 3, out: 4, filtered: 2 };
  expect(unaccounted(counts)).toBe(9);
  Object.assign(counts, { late: 1, unassigned: 1, windowed: 6, deadLetters: 1 });
  expect(unaccounted(counts)).toBe(0);
});

test('counts add up name by name', () => {
  const sum = noCounts();
  for (const [i, name] of COUNT_NAMES.entries()) addCounts(sum, { ...noCounts(), [name]: i });
  expect(Object.values(sum)).toEqual(COUNT_NAMES.map((_, i) => i));
});
