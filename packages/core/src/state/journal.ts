/** What can take a change back. */
export interface Undoable {
  undo(first: unknown, second: unknown): void;
}

/**
 * The changes that one call of user code has made to the state of its key, so that a call that fails
 * leaves none.
 */
export class Journal {
  private readonly owners: Undoable[] = [];
  private readonly firsts: unknown[] = [];
  private readonly seconds: unknown[] = [];
  private count = 0;

  /** What was changed before stands. */
  begin(): void {
    this.count = 0;
  }

  note(owner: Undoable, first: unknown, second: unknown): void {
    const at = this.count++;
    this.owners[at] = owner;
    this.firsts[at] = first;
    this.seconds[at] = second;
  }

  /** Takes back all since `begin`, the last first. */
  rollBack(): void {
    while (this.count > 0) {
      const at = --this.count;
      this.owners[at].undo(this.firsts[at], this.seconds[at]);
    }
  }
}
