import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyMap } from './key-map.ts';

describe('a map by key', () => {
  test('is a Map, below and beyond the size at which it is spread', () => {
    for (const offset of [0, 8_190]) {
      const key = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom('a', 'b', 'é', ''));
      const step = fc.tuple(fc.constantFrom('set', 'delete'), key, fc.integer());
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), steps => {
          const map = new KeyMap<number>();
          const model = new Map<unknown, number>();
          for (let i = 0; i < offset; i++) {
            map.set(`k${i}`, i);
            model.set(`k${i}`, i);
          }
          for (const [what, name, value] of steps) {
            if (what === 'set') {
              map.set(name, value);
              model.set(name, value);
            } else {
              expect(map.delete(name)).toBe(model.delete(name));
            }
            expect(map.get(name)).toBe(model.get(name));
            expect(map.has(name)).toBe(model.has(name));
            expect(map.size).toBe(model.size);
          }
          if (offset > 0) return;
          expect([...map]).toEqual([...model]);
          expect([...map.values()]).toEqual([...model.values()]);
        }),
        { numRuns: offset === 0 ? 200 : 20 },
      );
    }
  });

  test('holds many keys, and none once it is cleared', () => {
    const map = new KeyMap<number>();
    for (let i = 0; i < 50_000; i++) map.set(i % 2 === 0 ? i : `k${i}`, i);
    for (let i = 0; i < 50_000; i += 7) map.set(i % 2 === 0 ? i : `k${i}`, -i);
    expect(map.size).toBe(50_000);
    expect(map.get('k49')).toBe(-49);
    expect(map.get('k49999')).toBe(49_999);
    expect(map.get(-1)).toBeUndefined();
    expect(map.get(0.5)).toBeUndefined();
    expect(new Set(map.values()).size).toBe(50_000);
    expect(new Map(map).size).toBe(50_000);
    map.clear();
    expect(map.size).toBe(0);
    expect([...map]).toEqual([]);
  });
});
