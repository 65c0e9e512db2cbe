/** What an operation gets of its thread. */
export interface ThreadContext {
  readonly index: number;
  vars: number[];
}

export interface Operation {
  readonly name: string;
  /** Whether it can begin now; it looks at memory without taking part. */
  when?(vars: readonly number[]): boolean;
  /** Returns the operation to go on with; the next one by default. */
  run(thread: ThreadContext): number | undefined;
}

export interface Program {
  readonly name: string;
  readonly ops: readonly Operation[];
  readonly vars: readonly number[];
  /** Whether it may be killed, at any step. */
  readonly mayDie: boolean;
  /** Whether it may turn claims of dead threads into aborted slots. */
  readonly mayRepair?: boolean;
  /** Whether its variables begin with how many records it delivered and how many it lost. */
  readonly counts?: boolean;
  /** Whether it may stay as it is for ever, unable to go on. */
  mayRest(): boolean;
}

/** Thrown by whatever finds that an invariant does not hold. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}
