import type { ListTable, MapTable, StateBackend, ValueTable } from '../state/backend.ts';
import { type Key, keyGroupOf } from '../state/key-groups.ts';
import { ListHandle } from '../state/list-handle.ts';
import { MapHandle } from '../state/map-handle.ts';
import type { Scope } from '../state/scope.ts';
import type { StateSpec } from '../state/spec.ts';
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

/** A row of a snapshot: the name of the state, the key, and what the kind of state has per row. */
export type StateRow = readonly [name: string, key: Key, ...row: unknown[]];

/** Rows of a state with a time to live that are looked at for each value that comes. */
const SWEPT_AT_ONCE = 4;

type Table =
  | { readonly kind: 'value'; readonly rows: ValueTable }
  | { readonly kind: 'map'; readonly rows: MapTable }
  | { readonly kind: 'list'; readonly rows: ListTable };

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
      const table = openTable(state, backend);
      this.tables.set(state.name, table);
      handles[state.name] = handleOf(table, state, scope, lifetime);
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

  *rows(): Generator<StateRow, undefined> {
    for (const [name, table] of this.tables) {
      for (const row of table.rows.entries()) yield [name, ...row];
    }
  }

  restore([name, key, ...row]: StateRow): void {
    const table = this.tables.get(name);
    if (table === undefined) throw new Error(`a snapshot has a state "${name}", the step has not`);
    if (table.kind === 'value') table.rows.set(key, row[0]);
    else if (table.kind === 'map') table.rows.set(key, row[0] as string, row[1]);
    else table.rows.set(key, row[0] as unknown[]);
  }

  /** What a key has, by name, for a dead letter. */
  of(key: Key): Record<string, unknown> {
    const all: Record<string, unknown> = {};
    for (const [name, table] of this.tables) {
      if (table.kind === 'map') all[name] = Object.fromEntries(table.rows.of(key));
      else all[name] = table.rows.get(key);
    }
    return all;
  }
}

function openTable({ kind, name }: ResolvedState, backend: StateBackend): Table {
  switch (kind) {
    case 'value':
      return { kind, rows: backend.values(name) };
    case 'map':
      return { kind, rows: backend.maps(name) };
    default:
      return { kind, rows: backend.lists(name) };
  }
}

function handleOf(
  table: Table,
  { initial }: ResolvedState,
  scope: Scope,
  lifetime: Lifetime | undefined,
): unknown {
  if (table.kind === 'map') return new MapHandle(table.rows, scope, lifetime);
  if (table.kind === 'list') return new ListHandle(table.rows, scope, lifetime);
  const fresh = isPrimitive(initial) ? () => initial : () => plainCopy(initial).copy;
  return new ValueHandle(table.rows, scope, fresh, lifetime);
}

/** By key groups, as a snapshot wants them. */
export function groupOfRow(row: readonly [unknown, Key, ...unknown[]]): number {
  return keyGroupOf(row[1]);
}
