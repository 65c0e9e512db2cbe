import { fail } from '../errors.ts';

/**
 * How a table of named fields lies in memory: a FlatBuffer whose vtable is always the same, so that a
 * field stands at a fixed place.
 *
 *     0    root: where the table begins
 *     4    vtable: its bytes, the table's bytes, the place of each field (16 bits each)
 *     t    table, t = 4 (mod 8): distance to the vtable
 *     t+4  doubles, then ints and places of texts, then bools, padded to 4
 *     end  texts: length, UTF-8, NUL, padded to 4
 *
 * Words are little-endian, as everywhere in shared memory.
 */

/** A type of a field, by its name in a FlatBuffers schema. */
export type FieldType = 'int' | 'double' | 'string' | 'bool';

export interface FieldPlace {
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the beginning of the value. */
  readonly at: number;
}

export interface TableLayout {
  readonly name: string;
  readonly fields: readonly FieldPlace[];
  /** Where the table begins. */
  readonly table: number;
  /** Where the texts begin; the bytes of a value without text. */
  readonly fixedBytes: number;
  /** Everything before the first field, as words. */
  readonly head: Int32Array;
}

const SIZES: Readonly<Record<FieldType, number>> = { double: 8, int: 4, string: 4, bool: 1 };
/** A vtable names places in 16 bits. */
const MOST_FIELDS = 1000;

/** Throws `SERDE_FAILED` for what cannot be a table. */
export function tableLayout(name: string, types: Readonly<Record<string, FieldType>>): TableLayout {
  const names = Object.keys(types);
  if (names.length === 0 || names.length > MOST_FIELDS) {
    fail('SERDE_FAILED', `The table ${name} has ${names.length} fields; it takes 1 to 1,000.`);
  }
  for (const field of names) {
    if (Object.hasOwn(SIZES, types[field])) continue;
    fail(
      'SERDE_FAILED',
      `The field ${field} of the table ${name} has the type ${String(types[field])}; there are ` +
        `${Object.keys(SIZES).join(', ')}.`,
    );
  }
  const vtableBytes = 4 + 2 * names.length;
  // The doubles come right after the table's first word, at a multiple of 8.
  const table = ((4 + vtableBytes + 3) & ~7) + 4;
  let next = table + 4;
  const places = new Map<string, number>();
  for (const size of [8, 4, 1]) {
    for (const field of names) {
      if (SIZES[types[field]] !== size) continue;
      places.set(field, next);
      next += size;
    }
  }
  const fixedBytes = (next + 3) & ~3;
  const head = new Int32Array((table + 4) >> 2);
  const words = new Uint16Array(head.buffer);
  head[0] = table;
  words[2] = vtableBytes;
  words[3] = fixedBytes - table;
  const fields = names.map((field, index) => {
    const at = places.get(field) as number;
    words[4 + index] = at - table;
    return { name: field, type: types[field], at };
  });
  head[table >> 2] = table - 4;
  return { name, fields, table, fixedBytes, head };
}
