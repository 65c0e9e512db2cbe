import type { ListTable } from './backend.ts';
import type { Undoable } from './journal.ts';
import type { Scope } from './scope.ts';
import type { ListState } from './spec.ts';
import type { KeyChanges } from './table-changes.ts';
import type { Lifetime, Stamped } from './ttl.ts';

const NONE: readonly unknown[] = Object.freeze([]);

/** A list state as calls see it, aimed at the key in its scope. */
export class ListHandle implements ListState<unknown>, Undoable {
  private readonly table: ListTable;
  private readonly changes: KeyChanges<unknown>;
  private readonly scope: Scope;
  private readonly lifetime: Lifetime | undefined;

  constructor(
    table: ListTable,
    changes: KeyChanges<unknown>,
    scope: Scope,
    lifetime: Lifetime | undefined,
  ) {
    this.table = table;
    this.changes = changes;
    this.scope = scope;
    this.lifetime = lifetime;
  }

  get(): readonly unknown[] {
    const { lifetime, table, scope } = this;
    const rows = table.get(scope.key);
    if (rows === undefined) return NONE;
    if (lifetime === undefined) return rows;
    const alive = (rows as Stamped[]).filter(row => lifetime.isAlive(row));
    if (lifetime.refreshOnRead) {
      scope.journal.note(this, rows, undefined);
      this.changes.note(scope.key);
      table.set(
        scope.key,
        alive.map(row => lifetime.refreshed(row)),
      );
    }
    return alive.map(({ value }) => value);
  }

  add(item: unknown): void {
    const { lifetime, table, scope } = this;
    scope.checkKept(item);
    scope.journal.note(this, undefined, table.length(scope.key));
    this.changes.note(scope.key);
    table.add(scope.key, lifetime === undefined ? item : lifetime.stamp(item, undefined));
  }

  set(items: readonly unknown[]): void {
    const { lifetime, table, scope } = this;
    for (const item of items) scope.checkKept(item);
    const before = table.get(scope.key);
    if (before === undefined && items.length === 0) return;
    scope.journal.note(this, before ?? NONE, undefined);
    this.changes.note(scope.key);
    const rows =
      lifetime === undefined ? items : items.map(item => lifetime.stamp(item, undefined));
    table.set(scope.key, rows);
  }

  clear(): void {
    this.set(NONE);
  }

  get length(): number {
    return this.lifetime === undefined ? this.table.length(this.scope.key) : this.get().length;
  }

  /** Back to `rows`, or to the first `length` of them. */
  undo(rows: unknown, length: unknown): void {
    const { table, scope } = this;
    if (rows === undefined) table.truncate(scope.key, length as number);
    else table.set(scope.key, rows as readonly unknown[]);
  }
}
