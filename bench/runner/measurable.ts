/** Units of figures. What is counted per second is better when it is more, all else when it is less. */
export type Unit =
  | 'ns'
  | 'µs'
  | 'ms'
  | 'records/s'
  | 'tasks/s'
  | 'GB/s'
  | 'B'
  | '% of a core'
  | '% of the cap';

/** Figures of one kind that one round brought, in one unit. */
export interface Series {
  /** The bench's own name, or one that begins with it and a hyphen. */
  readonly name: string;
  readonly unit: Unit;
  readonly samples: readonly number[];
  /** What a reader of the figure should know. */
  readonly note?: string;
}

export interface Effort {
  /** Shorter rounds, for a look that everything still runs; the figures are rough. */
  readonly quick: boolean;
}

/** One bench, set up and ready. It lives in a process of its own, so that nothing else shapes its code. */
export interface Measurable {
  /** One round. Throws when an answer was wrong. */
  measure(effort: Effort): Series[] | Promise<Series[]>;
  /** Checks what only the end shows, and lets go of everything. Throws when an answer was wrong. */
  close?(): void | Promise<void>;
}

/** What a bench's module exports by default. */
export type Setup = (effort: Effort) => Measurable | Promise<Measurable>;

export function moreIsBetter(unit: Unit): boolean {
  return unit.endsWith('/s');
}

/** Throws that a bench's answer is wrong: its figure would mean nothing. */
export function wrong(what: string, is: unknown, expected: unknown): never {
  throw new Error(`wrong answer: ${what} is ${String(is)}, should be ${String(expected)}`);
}

export function expectEqual(what: string, is: unknown, expected: unknown): void {
  if (!Object.is(is, expected)) wrong(what, is, expected);
}

/** Thrown by a bench that cannot run here; the message says what it would need. */
export class Skipped extends Error {}
