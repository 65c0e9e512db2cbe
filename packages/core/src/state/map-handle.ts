import type { MapKey, MapTable } from './backend.ts';
import type { Undoable } from './journal.ts';
import type { Key } from './key-groups.ts';
import type { Scope } from './scope.ts';
import type { MapState } from './spec.ts';
import type { NameChanges } from './table-changes.ts';
import type { Lifetime, Stamped } from './ttl.ts';

/** A map state as calls see it, aimed at the key in its scope. */
export class MapHandle implements MapState<MapKey, unknown>, Undoable {
  private readonly table: MapTable;
  private readonly changes: NameChanges<unknown>;
  private readonly scope: Scope;
  private readonly lifetime: Lifetime | undefined;

  constructor(
    table: MapTable,
    changes: NameChanges<unknown>,
    scope: Scope,
    lifetime: Lifetime | undefined,
  ) {
    this.table = table;
    this.changes = changes;
    this.scope = scope;
    this.lifetime = lifetime;
  }

  get(name: MapKey): unknown {
    const row = this.table.get(this.scope.key, name);
    if (this.lifetime === undefined || row === undefined) return row;
    return this.read(name, row as Stamped, this.lifetime);
  }

  has(name: MapKey): boolean {
    return this.get(name) !== undefined;
  }

  set(name: MapKey, value: unknown): void {
    const { table, scope, lifetime } = this;
    scope.checkKept(value);
    const before = table.get(scope.key, name);
    scope.journal.note(this, name, before);
    this.changes.note(scope.key, name, before === undefined);
    if (value === undefined) table.delete(scope.key, name);
    else if (lifetime === undefined) table.set(scope.key, name, value);
    else table.set(scope.key, name, lifetime.stamp(value, before as Stamped | undefined));
  }

  delete(name: MapKey): void {
    this.set(name, undefined);
  }

  clear(): void {
    const { table, scope } = this;
    for (const [name, row] of table.of(scope.key)) scope.journal.note(this, name, row);
    this.changes.noteAll(scope.key);
    table.clear(scope.key);
  }

  get size(): number {
    return this.entries().length;
  }

  keys(): MapKey[] {
    return this.entries().map(([name]) => name);
  }

  values(): unknown[] {
    return this.entries().map(([, value]) => value);
  }

  entries(): [MapKey, unknown][] {
    const { lifetime } = this;
    const rows = Array.from(this.table.of(this.scope.key));
    if (lifetime === undefined) return rows as [MapKey, unknown][];
    const alive = rows.filter(([, row]) => lifetime.isAlive(row as Stamped));
    return alive.map(([name, row]) => [name, this.read(name, row as Stamped, lifetime)]);
  }

  /** The journal is undone for the key of the call that it belongs to. */
  undo(name: unknown, before: unknown): void {
    const key: Key = this.scope.key;
    if (this.table.get(key, name as MapKey) === undefined) {
      this.changes.note(key, name as MapKey, true);
    }
    if (before === undefined) this.table.delete(key, name as MapKey);
    else this.table.set(key, name as MapKey, before);
  }

  private read(name: MapKey, row: Stamped, lifetime: Lifetime): unknown {
    if (!lifetime.isAlive(row)) return undefined;
    if (lifetime.refreshOnRead) {
      const fresh = lifetime.refreshed(row);
      if (fresh !== row) {
        const { key } = this.scope;
        this.scope.journal.note(this, name, row);
        this.changes.note(key, name, false);
        this.table.set(key, name, fresh);
      }
    }
    return row.value;
  }
}
