import type { ValueTable } from './backend.ts';
import type { Undoable } from './journal.ts';
import type { Scope } from './scope.ts';
import type { ValueState } from './spec.ts';
import type { KeyChanges } from './table-changes.ts';
import type { Lifetime, Stamped } from './ttl.ts';

/** A value state as calls see it, aimed at the key in its scope. */
export class ValueHandle implements ValueState<unknown>, Undoable {
  private readonly table: ValueTable;
  private readonly changes: KeyChanges<unknown>;
  private readonly scope: Scope;
  private readonly initial: () => unknown;
  private readonly lifetime: Lifetime | undefined;

  constructor(
    table: ValueTable,
    changes: KeyChanges<unknown>,
    scope: Scope,
    initial: () => unknown,
    lifetime: Lifetime | undefined,
  ) {
    this.table = table;
    this.changes = changes;
    this.scope = scope;
    this.initial = initial;
    this.lifetime = lifetime;
  }

  get(): unknown {
    const { lifetime } = this;
    const row = this.table.get(this.scope.key);
    if (row === undefined) return this.initial();
    return lifetime === undefined ? row : this.read(row as Stamped, lifetime);
  }

  set(value: unknown): void {
    const { table, scope, lifetime } = this;
    const { key } = scope;
    scope.checkKept(value);
    const before = table.get(key);
    if (before === undefined && value === undefined) return;
    scope.journal.note(this, key, before);
    this.changes.note(key);
    if (value === undefined) table.delete(key);
    else if (lifetime === undefined) table.set(key, value);
    else table.set(key, lifetime.stamp(value, before as Stamped | undefined));
  }

  clear(): void {
    this.set(undefined);
  }

  undo(key: unknown, before: unknown): void {
    if (before === undefined) this.table.delete(key as never);
    else this.table.set(key as never, before);
  }

  private read(row: Stamped, lifetime: Lifetime): unknown {
    if (!lifetime.isAlive(row)) return this.initial();
    if (lifetime.refreshOnRead) {
      const fresh = lifetime.refreshed(row);
      if (fresh !== row) {
        const { key } = this.scope;
        this.scope.journal.note(this, key, row);
        this.changes.note(key);
        this.table.set(key, fresh);
      }
    }
    return row.value;
  }
}
