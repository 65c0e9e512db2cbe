import type { ListTable, MapTable, StateBackend, ValueTable } from '../state/backend.ts';
import type { Changing } from '../state/increments.ts';
import { type Key, keyGroupOf } from '../state/key-groups.ts';
import { ListHandle } from '../state/list-handle.ts';
import { MapHandle } from '../state/map-handle.ts';
import type { Scope } from '../state/scope.ts';
import type { StateSpec } from '../state/spec.ts';
import {
  type EntryOf,
  KeyChanges,
  NameChanges,
  restoreName,
  restoreValue,
} from '../state/table-changes.ts';
import { Lifetime, type TimeToLive } from '../state/ttl.ts';
import { ValueHandle } from '../state/value-handle.ts';
import { isPrimitive, plainCopy } from '../window/plain-copy.ts';

/** A state of a step, checked: `StateSpec` with its time to live in milliseconds. */
export interface ResolvedState {
  readonly name: string;
  readonly kind: StateSpec<unknown>['kind'];
  readonly initial: unknown;
  readonly ttl: TimeToLive | undefined;
}

/**
 * A row of a snapshot: the name of the state, the key, and what the kind of state has per row. Without the
 * last of these it says that there is none any more.
 */
export type StateRow = readonly [name: string, key: Key, ...row: unknown[]];

/** Rows of a state with a time to live that are looked at for each value that comes. */
const SWEPT_AT_ONCE = 4;

type OneKey = KeyChanges<StateRow>;
type ByName = NameChanges<StateRow>;

type Table = { readonly lifetime: Lifetime | undefined } & (
  | { readonly kind: 'value'; readonly rows: ValueTable; readonly changes: OneKey }
  | { readonly kind: 'map'; readonly rows: MapTable; readonly changes: ByName }
  | { readonly kind: 'list'; readonly rows: ListTable; readonly changes: OneKey }
);

/** All states of one operator in one task. */
export class KeyedStates {
  /** By name: what `context.state` is. */
  readonly handles: Readonly<Record<string, unknown>>;
  private readonly tables = new Map<string, Table>();
  private readonly sweeps: { readonly rows: Table['rows']; readonly lifetime: Lifetime }[] = [];

  constructor(states: readonly ResolvedState[], backend: StateBackend, scope: Scope) {
    const handles: Record<string, unknown> = {};
    for (const state of states) {
      const lifetime = state.ttl === undefined ? undefined : new Lifetime(state.ttl, scope);
      const table = openTable(state, backend, lifetime);
      this.tables.set(state.name, table);
      handles[state.name] = handleOf(table, state, scope);
      if (lifetime !== undefined) this.sweeps.push({ rows: table.rows, lifetime });
    }
    this.handles = Object.freeze(handles);
  }

  /** Lets go of a few rows that nobody can see any more; all of them are looked at in turn. */
  sweep(): void {
    for (let i = 0; i < this.sweeps.length; i++) {
      const { rows, lifetime } = this.sweeps[i];
      rows.sweep(lifetime.gone, SWEPT_AT_ONCE);
    }
  }

  /** As snapshots see them. */
  changes(): Changing<unknown, StateRow>[] {
    return Array.from(this.tables.values(), ({ changes }) => changes);
  }

  /** Of rows that nobody can see any more some may be in a snapshot of what has changed: they go. */
  restore([name, key, ...row]: StateRow): void {
    const table = this.tables.get(name);
    if (table === undefined) throw new Error(`a snapshot has a state "${name}", the step has not`);
    const { lifetime, kind, rows } = table;
    const gone = (one: unknown): boolean => lifetime?.gone(one) === true;
    if (kind === 'map') restoreName(rows, key, row, gone);
    else if (kind === 'list') rows.set(key, alive(row[0] as readonly unknown[], lifetime));
    else restoreValue(rows, key, row, gone);
  }

  /** What a key has, by name, for a dead letter; without what is gone and lies there still. */
  of(key: Key): Record<string, unknown> {
    const all: Record<string, unknown> = {};
    for (const [name, { kind, rows, lifetime }] of this.tables) {
      const isThere = (row: unknown): boolean => lifetime?.gone(row) !== true;
      if (kind === 'map') {
        all[name] = Object.fromEntries(Array.from(rows.of(key)).filter(([, row]) => isThere(row)));
      } else if (kind === 'list') {
        all[name] = rows.get(key)?.filter(isThere);
      } else {
        const row = rows.get(key);
        all[name] = row === undefined || isThere(row) ? row : undefined;
      }
    }
    return all;
  }
}

function openTable(
  { kind, name }: ResolvedState,
  backend: StateBackend,
  lifetime: Lifetime | undefined,
): Table {
  const entryOf: EntryOf<StateRow> = (key, ...row) => [name, key, ...row];
  switch (kind) {
    case 'value': {
      const rows = backend.values(name);
      return { kind, rows, changes: new KeyChanges<StateRow>(rows, entryOf), lifetime };
    }
    case 'map': {
      const rows = backend.maps(name);
      return { kind, rows, changes: new NameChanges(rows, entryOf), lifetime };
    }
    default: {
      const rows = backend.lists(name);
      return { kind, rows, changes: new KeyChanges<StateRow>(rows, entryOf), lifetime };
    }
  }
}

function handleOf(table: Table, { initial }: ResolvedState, scope: Scope): unknown {
  const { kind, rows, changes, lifetime } = table;
  if (kind === 'map') return new MapHandle(rows, changes, scope, lifetime);
  if (kind === 'list') return new ListHandle(rows, changes, scope, lifetime);
  const fresh = isPrimitive(initial) ? () => initial : () => plainCopy(initial).copy;
  return new ValueHandle(rows, changes, scope, fresh, lifetime);
}

function alive(rows: readonly unknown[] = [], lifetime: Lifetime | undefined): readonly unknown[] {
  return lifetime === undefined ? rows : rows.filter(row => !lifetime.gone(row));
}

/** By key groups, as a snapshot wants them. */
export function groupOfRow(row: readonly [unknown, Key, ...unknown[]]): number {
  return keyGroupOf(row[1]);
}
