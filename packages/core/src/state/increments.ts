/** Snapshots that it takes to have written everything once, where nothing changes. */
const PARTS = 32;
const LEAST_PART = 1_024;
/** Parts that may be noted: of what comes and goes, there may be any number between two snapshots. */
const MOST_NOTED = 64;
/** So many changes take along one item of the rest. */
export const CHANGES_TO_REST = 2;

/** Keyed state that knows what of it has changed. An item is what is written together. */
export interface Changing<I, E> {
  /**
   * A snapshot has been made: notes what changes from now on, up to about `most` of it, and forgets what was
   * noted.
   */
  noteAnew(most: number): void;
  /** Whether more has changed than was to be noted: the next snapshot has to be whole. */
  readonly overrun: boolean;
  /**
   * What was noted, as it is now: entries that stand for all earlier ones of the same, and of what has
   * gone an entry that says so.
   */
  changed(): Iterable<E>;
  /** Everything that there is. May be changed meanwhile; what comes meanwhile may be missed. */
  items(): Iterable<I>;
  isNoted(item: I): boolean;
  entries(item: I): Iterable<E>;
  /** The same where earlier snapshots may have some of it; where that makes a difference. */
  entriesAgain?(item: I): Iterable<E>;
}

/** The entries of one snapshot. */
export interface Increment<E> {
  readonly entries: E[];
  /** How many of the last snapshots are needed, this one included. */
  readonly layers: number;
}

const NOTHING: readonly never[] = [];

/**
 * Snapshots of what has changed since the one before. Beside that each one holds a part of all the rest:
 * a round goes over everything again and again. When it has been over all of it since some snapshot,
 * those before that one are not needed: each item has been written since, by the round or because it
 * changed (a new one has). What has gone since then is in none that is needed.
 */
export class Increments<E> {
  private readonly states: readonly Changing<unknown, E>[];
  private round: Iterator<Iterable<E>, undefined> | undefined;
  /** Entries beside the changes; and those of the round so far, which the next one goes by. */
  private part = 0;
  private visited = 0;
  /** Snapshots since the one that the round under way began with, and since that of the one before. */
  private current = 0;
  private needed = 0;

  constructor(states: readonly Changing<unknown, E>[]) {
    this.states = states;
  }

  /** The next snapshot; the first one is whole, and so is one that more has changed for than there was. */
  take(leastPart: number = LEAST_PART): Increment<E> {
    const isWhole = this.round === undefined || this.states.some(({ overrun }) => overrun);
    const entries = isWhole ? this.all() : this.next(leastPart);
    const most = MOST_NOTED * Math.max(this.part, leastPart);
    for (const state of this.states) state.noteAnew(most);
    return { entries, layers: this.needed };
  }

  /** Everything that there is. */
  *whole(): Generator<E, undefined> {
    for (const state of this.states) {
      for (const item of state.items()) yield* state.entries(item);
    }
  }

  private all(): E[] {
    const entries = [...this.whole()];
    this.visited = entries.length;
    this.needed = 1;
    this.begin();
    return entries;
  }

  private next(leastPart: number): E[] {
    const entries: E[] = [];
    for (const state of this.states) for (const entry of state.changed()) entries.push(entry);
    this.current++;
    this.needed++;
    // Where much changes a round goes on with it, or its snapshots would hold many times what there is.
    const pace = Math.max(this.part, leastPart, entries.length / CHANGES_TO_REST);
    // A round that takes longer has more to visit than the last one had: it goes faster and faster.
    let left = pace * Math.max(1, this.current - PARTS);
    while (left > 0) {
      const step = (this.round as Iterator<Iterable<E>, undefined>).next();
      if (step.done === true) {
        this.needed = this.current;
        this.begin();
        break;
      }
      const before = entries.length;
      for (const entry of step.value) entries.push(entry);
      const count = Math.max(1, entries.length - before);
      this.visited += count;
      left -= count;
    }
    return entries;
  }

  private begin(): void {
    this.part = Math.ceil(this.visited / PARTS);
    this.visited = this.current = 0;
    this.round = this.rest();
  }

  /** Item by item what has not been noted; of the others nothing. */
  private *rest(): Generator<Iterable<E>, undefined> {
    for (const state of this.states) {
      for (const item of state.items()) {
        if (state.isNoted(item)) yield NOTHING;
        else yield state.entriesAgain?.(item) ?? state.entries(item);
      }
    }
  }
}
