/** What can be told apart by itself. */
export type Distinguishable = string | number | boolean | bigint | null | undefined;

/**
 * Values that were seen, each with the classes that it was seen in (bit by bit), as plain data. Whole
 * numbers of 32 bits lie in a table of pairs, `[value, classes]`, with open addressing: a look-up is one
 * miss of the caches, where a Map takes several, and a value takes 12 to 24 bytes. A pair without classes
 * is empty.
 */
export interface Seen {
  table: Int32Array;
  /** Values in the table. */
  numbers: number;
  /** Different values of each class. */
  readonly counts: number[];
  readonly others: Map<Distinguishable, number>;
}

const FIRST_PAIRS = 4;
const FULL = 2 / 3;
const { imul, clz32 } = Math;
/** 2^32 / φ: spreads numbers that lie close together (Knuth, The Art of Computer Programming, 6.4). */
const SPREAD = 0x9e3779b1 | 0;
/** 1 / φ: steps of this part of a circle stay far from all earlier ones. */
const STRIDE = 0.618;

export function nothingSeen(classes: number): Seen {
  return {
    table: new Int32Array(2 * FIRST_PAIRS),
    numbers: 0,
    counts: new Array<number>(classes).fill(0),
    others: new Map(),
  };
}

/** Takes note of a value in some classes, at least one. */
export function see(seen: Seen, value: Distinguishable, classes: number): void {
  if (typeof value === 'number' && value === (value | 0)) {
    seeNumber(seen, value | 0, classes);
    return;
  }
  const { others } = seen;
  const before = others.get(value) ?? 0;
  if ((classes & ~before) === 0) return;
  others.set(value, before | classes);
  count(seen, classes & ~before);
}

/** All that another one has seen. */
export function seeAll(seen: Seen, { table, others }: Seen): void {
  const last = table.length - 1;
  // In order of the hash a smaller table would fill from its beginning, in runs without end: every pair
  // once, but far from the one before.
  const stride = 2 * (Math.floor(STRIDE * (table.length >> 1)) | 1);
  for (let pair = 0, at = 0; pair <= last >> 1; pair++, at = (at + stride) & last) {
    if (table[at + 1] !== 0) seeNumber(seen, table[at], table[at + 1]);
  }
  for (const [value, classes] of others) see(seen, value, classes);
}

function seeNumber(seen: Seen, value: number, classes: number): void {
  const { table } = seen;
  const at = placeOf(table, value);
  const before = table[at + 1];
  const added = classes & ~before;
  if (added === 0) return;
  table[at] = value;
  table[at + 1] = before | classes;
  count(seen, added);
  if (before === 0 && ++seen.numbers > FULL * (table.length >> 1)) grow(seen);
}

/** Where the pair of a value is, or is to be. */
function placeOf(table: Int32Array, value: number): number {
  const last = table.length - 1;
  let at = (imul(value, SPREAD) >>> clz32(last >> 1)) << 1;
  while (table[at + 1] !== 0 && table[at] !== value) at = (at + 2) & last;
  return at;
}

function grow(seen: Seen): void {
  const { table } = seen;
  const larger = new Int32Array(2 * table.length);
  for (let from = 0; from < table.length; from += 2) {
    if (table[from + 1] === 0) continue;
    const at = placeOf(larger, table[from]);
    larger[at] = table[from];
    larger[at + 1] = table[from + 1];
  }
  seen.table = larger;
}

function count({ counts }: Seen, added: number): void {
  for (let i = 0; i < counts.length; i++) counts[i] += (added >>> i) & 1;
}
