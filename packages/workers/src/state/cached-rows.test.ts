import type { Key } from '@lite-streams/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CachedRows, type RowFile } from './cached-rows.ts';

/** A file whose rows are copies, in the order of their keys. */
class ModelFile implements RowFile<{ n: number }> {
  readonly rows = new Map<string, number>();

  read(key: Key): { n: number } | undefined {
    const n = this.rows.get(String(key));
    return n === undefined ? undefined : { n };
  }

  write(rows: Iterable<readonly [Key, { n: number } | undefined]>): void {
    for (const [key, value] of rows) {
      if (value === undefined) this.rows.delete(String(key));
      else this.rows.set(String(key), value.n);
    }
  }

  page(after: Key | undefined, limit: number): (readonly [Key, { n: number }])[] {
    const keys = [...this.rows.keys()].sort();
    const later = keys.filter(key => after === undefined || key > String(after)).slice(0, limit);
    return later.map(key => [key, { n: this.rows.get(key) as number }]);
  }
}

test('rows with a cache before them are those without one', () => {
  const key = fc.nat(12).map(n => `k${n}`);
  const step = fc.tuple(fc.constantFrom('set', 'change', 'delete', 'get', 'all'), key, fc.nat());
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 5 }),
      (steps, most) => {
        const rows = new CachedRows(new ModelFile(), most);
        const model = new Map<string, number>();
        for (const [what, name, n] of steps) {
          if (what === 'set') {
            rows.set(name, { n });
            model.set(name, n);
          } else if (what === 'delete') {
            expect(rows.delete(name)).toBe(model.delete(name));
          } else if (what === 'change') {
            const row = rows.get(name);
            if (row === undefined) continue;
            row.n = n;
            rows.changed(name, row);
            model.set(name, n);
          } else if (what === 'all') {
            const all = Array.from({ [Symbol.iterator]: () => rows.entries() }, ([at, row]) => [
              at,
              row.n,
            ]);
            expect(new Map(all as [string, number][])).toEqual(model);
          }
          expect(rows.get(name)?.n).toBe(model.get(name));
        }
      },
    ),
  );
});

test('a visit that pauses shows every row as it is when its turn comes', () => {
  const key = fc.nat(30).map(n => `k${n}`);
  const step = fc.tuple(fc.constantFrom('set', 'delete', 'get', 'visit', 'visit'), key, fc.nat());
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 40, maxLength: 200 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, most) => {
        const rows = new CachedRows(new ModelFile(), most);
        const model = new Map<string, number>();
        for (let n = 0; n < 20; n++) {
          rows.set(`k${n}`, { n });
          model.set(`k${n}`, n);
        }
        /** Those that are there all the time are seen once each. */
        const still = new Set(model.keys());
        const seen: Key[] = [];
        const visit = rows.entries();
        for (const [what, name, n] of steps) {
          if (what === 'set') {
            rows.set(name, { n });
            model.set(name, n);
          } else if (what === 'delete') {
            rows.delete(name);
            model.delete(name);
            still.delete(name);
          } else if (what === 'get') {
            expect(rows.get(name)?.n).toBe(model.get(name));
          } else {
            const next = visit.next();
            if (next.done === true) break;
            seen.push(next.value[0]);
            expect(next.value[1].n).toBe(model.get(String(next.value[0])));
          }
        }
        for (const [name] of visit) seen.push(name);
        expect(new Set(seen).size).toBe(seen.length);
        for (const name of still) expect(seen).toContain(name);
      },
    ),
  );
});
