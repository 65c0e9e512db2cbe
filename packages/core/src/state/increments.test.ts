import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heapBackend } from './heap-backend.ts';
import { Increments } from './increments.ts';
import type { Key } from './key-groups.ts';
import { KeyChanges, NameChanges } from './table-changes.ts';
import { TimerQueue } from './timers.ts';

type Entry = readonly [state: string, key: Key, ...row: unknown[]];

/** A value, a map and timers per key, as `process` has them. */
class State {
  readonly values = heapBackend.values('v');
  readonly maps = heapBackend.maps('m');
  readonly lists = heapBackend.lists('l');
  readonly timers = new TimerQueue();
  readonly changes = {
    v: new KeyChanges<Entry>(this.values, (...row) => ['v', ...row]),
    m: new NameChanges<Entry>(this.maps, (...row) => ['m', ...row]),
    l: new KeyChanges<Entry>(this.lists, (...row) => ['l', ...row]),
    t: this.timers.changes<Entry>((...row) => ['t', ...row]),
  };
  readonly increments = new Increments<Entry>(Object.values(this.changes));

  set(key: Key, n: number): void {
    this.changes.v.note(key);
    if (n === 0) this.values.delete(key);
    else this.values.set(key, n);
  }

  name(key: Key, name: string, n: number): void {
    this.changes.m.note(key, name, this.maps.get(key, name) === undefined);
    if (n === 0) this.maps.delete(key, name);
    else this.maps.set(key, name, n);
  }

  clear(key: Key): void {
    this.changes.m.noteAll(key);
    this.maps.clear(key);
  }

  add(key: Key, n: number): void {
    this.changes.l.note(key);
    if (n === 0) this.lists.set(key, []);
    else this.lists.add(key, n);
  }

  /** By whatever key is first: entries as they are read back. */
  restore([state, key, ...row]: Entry): void {
    if (state === 'v') {
      if (row.length === 0) this.values.delete(key);
      else this.values.set(key, row[0]);
    } else if (state === 'm') {
      if (row.length === 0) this.maps.clear(key);
      else if (row.length === 1) this.maps.delete(key, row[0] as string);
      else this.maps.set(key, row[0] as string, row[1]);
    } else if (state === 'l') {
      this.lists.set(key, (row[0] as number[] | undefined) ?? []);
    } else if (row.length === 0) this.timers.deleteAll(key);
    else this.timers.add(key, row[0] as number);
  }

  all(): string[] {
    const texts = Array.from(this.increments.whole(), entry => JSON.stringify(entry));
    // The names of a key have an order.
    const names = Array.from(this.maps.entries(), ([key, rows]) => JSON.stringify([key, ...rows]));
    return [...texts, ...names].sort();
  }
}

describe('snapshots of what has changed', () => {
  test('together hold what a whole one holds, after any changes', () => {
    const key = fc.constantFrom<Key>('a', 'b', 'c', 'd', 'e', 'f', 1, 2, 3, 4, 5);
    const step = fc.oneof(
      { arbitrary: fc.tuple(fc.constant('set'), key, fc.nat(3)), weight: 3 },
      { arbitrary: fc.tuple(fc.constant('name'), key, fc.nat(2)), weight: 4 },
      { arbitrary: fc.tuple(fc.constant('clear'), key, fc.nat(1)), weight: 1 },
      { arbitrary: fc.tuple(fc.constant('add'), key, fc.nat(3)), weight: 2 },
      { arbitrary: fc.tuple(fc.constant('timer'), key, fc.nat(4)), weight: 2 },
      { arbitrary: fc.tuple(fc.constant('untimer'), key, fc.nat(4)), weight: 2 },
      { arbitrary: fc.tuple(fc.constant('pop'), key, fc.nat(1)), weight: 1 },
      { arbitrary: fc.tuple(fc.constant('snapshot'), key, fc.nat(4)), weight: 6 },
    );
    const seen = new Set<number>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 160 }), steps => {
        const state = new State();
        let layers: (readonly Entry[])[] = [];
        for (const [what, name, n] of steps) {
          if (what === 'set') state.set(name, n);
          else if (what === 'name') state.name(name, `n${(n * 7) % 3}`, n);
          else if (what === 'clear') state.clear(name);
          else if (what === 'add') state.add(name, n);
          else if (what === 'timer') state.timers.add(name, n);
          else if (what === 'untimer') state.timers.delete(name, n);
          else if (what === 'pop' && state.timers.size > 0) state.timers.pop();
          else if (what === 'snapshot') {
            const taken = state.increments.take(1);
            layers = [...layers, taken.entries].slice(-taken.layers);
            seen.add(taken.layers);
            const restored = new State();
            for (const entry of layers.flat()) restored.restore(entry);
            expect(restored.all()).toEqual(state.all());
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(Math.max(...seen)).toBeGreaterThan(5);
  });

  /** What each of so many snapshots has, with `change` before each but the first. */
  function sizes(state: State, count: number, change: (at: number) => void) {
    return Array.from({ length: count }, (_, at) => {
      if (at > 0) change(at);
      const { entries, layers } = state.increments.take();
      return { entries: entries.length, layers };
    });
  }

  test('hold what changed and a 32nd of the rest, and none older than two rounds is needed', () => {
    const state = new State();
    const keys = 64_000;
    for (let key = 0; key < keys; key++) state.set(key, 1);
    const [first, ...others] = sizes(state, 100, at => {
      for (let i = 0; i < 100; i++) state.set((at * 7_919 + i) % keys, at);
    });
    expect(first).toEqual({ entries: keys, layers: 1 });
    for (const { entries, layers } of others) {
      expect(entries).toBeLessThanOrEqual(keys / 32 + 100);
      expect(layers).toBeLessThanOrEqual(66);
    }
    expect(Math.min(...others.map(({ layers }) => layers).slice(32))).toBeGreaterThan(1);
  });

  test.each([1, 4, 16, 64])(
    'kept hold a few times what there is, with a %i-th changed in each',
    part => {
      const state = new State();
      const keys = 36_000;
      for (let key = 0; key < keys; key++) state.set(key, 1);
      const all = sizes(state, 45, at => {
        for (let i = 0; i < keys / part; i++) state.set((at * 7_919 + i * part) % keys, at);
      });
      for (const [at, { layers }] of all.entries()) {
        const kept = all.slice(at + 1 - layers, at + 1);
        expect(kept.reduce((sum, { entries }) => sum + entries, 0)).toBeLessThan(7 * keys);
      }
    },
  );

  test('after more keys have come and gone than there were, are whole, and nothing is kept of these', () => {
    const state = new State();
    const notes: Record<string, (n: number) => void> = {
      values: n => state.set(`v${n}`, n + 1),
      names: n => state.name('k', `n${n}`, n + 1),
      timers: n => void state.timers.add(`t${n}`, n),
    };
    for (let n = 0; n < 20; n++) for (const note of Object.values(notes)) note(n);
    state.increments.take();
    for (const [kind, note] of Object.entries(notes)) {
      for (let n = 100; n < 70_100; n++) {
        note(n);
        if (kind === 'values') state.set(`v${n}`, 0);
        if (kind === 'names') state.name('k', `n${n}`, 0);
        if (kind === 'timers') state.timers.delete(`t${n}`, n);
        // One key again and again is one.
        state.clear('other');
        state.set('other', n);
      }
      const overrun = Object.values(state.changes).filter(changes => changes.overrun);
      expect(overrun.length).toBe(1);
      note(50);
      const noted = Object.values(state.changes).flatMap(changes => [...changes.changed()]);
      expect(noted.length).toBeLessThan(10);
      const { entries, layers } = state.increments.take();
      expect(layers).toBe(1);
      const restored = new State();
      for (const entry of entries) restored.restore(entry);
      expect(restored.all()).toEqual(state.all());
      note(51);
      expect(state.increments.take().entries.length).toBeGreaterThan(0);
    }
  });

  test('of a table that grows are over all of it in a bounded number, none of them large', () => {
    const state = new State();
    const keys = 300_000;
    const all = sizes(state, 160, at => {
      if (at === 1) for (let key = 0; key < keys; key++) state.set(key, 1);
      else state.set(at, at);
    });
    const later = all.slice(2);
    expect(Math.max(...later.map(({ entries }) => entries))).toBeLessThan(keys / 8);
    expect(all.at(-1)?.layers).toBeLessThan(100);
  });
});
