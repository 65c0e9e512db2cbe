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
