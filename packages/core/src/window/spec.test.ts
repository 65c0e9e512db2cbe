import { expect, test } from 'vitest';
import { counting } from './counting.ts';
import { hopping } from './hopping.ts';
import { session } from './session.ts';
import { resolveWindow, type WindowSpec } from './spec.ts';
import { tumbling } from './tumbling.ts';

const wrong = (what: string): never => {
  throw new Error(what);
};

test('durations become milliseconds', () => {
  expect(resolveWindow(tumbling('1d', { offset: '-1h' }), wrong)).toMatchObject({
    kind: 'time',
    assigner: { size: 86_400_000, slide: 86_400_000, offset: -3_600_000 },
    described: 'tumbling 86400000 ms, offset -3600000 ms',
  });
  expect(resolveWindow(hopping('10s', 2000), wrong)).toMatchObject({
    kind: 'time',
    assigner: { size: 10_000, slide: 2_000, offset: 0 },
    described: 'hopping 10000 ms every 2000 ms',
  });
  expect(resolveWindow(counting(3), wrong)).toEqual({
    kind: 'count',
    size: 3,
    described: 'count 3',
  });
});

test('a slide above the size is allowed', () => {
  expect(resolveWindow(hopping(1, 10), wrong)).toMatchObject({ kind: 'time' });
});

test.each([
  [tumbling(0), 'the size 0'],
  [tumbling(-5), 'the size -5'],
  [tumbling('soon' as '1d'), 'the size "soon"'],
  [tumbling(1000, { offset: 1000 }), 'the offset 1000'],
  [tumbling(1000, { offset: Number.NaN }), 'the offset NaN'],
  [hopping(1000, 0), 'the slide 0'],
  [hopping(1000, 100, { offset: -100 }), 'the offset -100'],
  [counting(0), 'a count window of 0'],
  [counting(1.5), 'a count window of 1.5'],
  [undefined, 'no window'],
  [session(0), 'the gap 0'],
  [{ kind: 'session' }, 'the gap undefined'],
  [{ kind: 'sliding' }, 'no window'],
])('%j is refused: %s', (spec, what) => {
  expect(() => resolveWindow(spec as WindowSpec, wrong)).toThrow(what);
});
