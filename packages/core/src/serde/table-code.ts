import type { ValueMemory } from '../record/placed-value.ts';
import { NO_ROOM } from '../record/placed-value.ts';
import type { FieldType, TableLayout } from './table-layout.ts';

/** What the code of a table's writer asks of it. */
export interface FieldWriter {
  /** Writes a text at `at`, named at `place`; returns where the next one goes, or `NO_ROOM`. */
  putText(
    text: unknown,
    field: number,
    memory: ValueMemory,
    place: number,
    at: number,
    end: number,
  ): number;
  /** The field is not of its type. */
  refuseField(field: number, given: unknown): never;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Writes a whole value at `at` and returns where it ends, or `NO_ROOM` when that lies behind `end`. */
export type PutFields = (
  value: Fields,
  writer: FieldWriter,
  memory: ValueMemory,
  at: number,
  end: number,
) => number;

/** Whether a value at a word of memory begins as this layout has it. */
export type StartsHere = (i32: Int32Array, word: number) => boolean;

/**
 * A function made of text; none where Node.js was told to make no code of text
 * (`--disallow-code-generation-from-strings`).
 */
export function codeOf<F>(parameters: readonly string[], body: string): F | undefined {
  try {
    return new Function(...parameters, body) as F;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/**
 * Code in which every field is read by its name, where a loop over the names would look each up as if
 * it had never seen the object, and every place is a number.
 */
export function fieldsCode(layout: TableLayout): PutFields {
  return codeOf(['value', 'writer', 'memory', 'at', 'end'], bodyOf(layout)) ?? fieldsLoop(layout);
}

function bodyOf({ fields, fixedBytes, head }: TableLayout): string {
  const lines = [
    `if (at + ${fixedBytes} > end) return ${NO_ROOM};`,
    'const { i32, f64, u8 } = memory;',
    'const word = at >> 2;',
    `let next = at + ${fixedBytes};`,
  ];
  for (const [i, of] of head.entries()) lines.push(`i32[word + ${i}] = ${of};`);
  for (const word of boolWords(fields)) lines.push(`i32[word + ${word}] = 0;`);
  for (const [index, { name, type, at }] of fields.entries()) {
    lines.push(`const f${index} = value[${JSON.stringify(name)}];`);
    lines.push(PUT[type](`f${index}`, index, at));
  }
  return `${lines.join('\n')}\nreturn next;`;
}

const PUT: Readonly<Record<FieldType, (f: string, index: number, at: number) => string>> = {
  int: (f, index, at) =>
    `if (${f} !== (${f} | 0)) writer.refuseField(${index}, ${f}); i32[word + ${at >> 2}] = ${f};`,
  double: (f, index, at) =>
    `if (typeof ${f} !== 'number') writer.refuseField(${index}, ${f}); f64[(at + ${at}) >> 3] = ${f};`,
  bool: (f, index, at) =>
    `if (typeof ${f} !== 'boolean') writer.refuseField(${index}, ${f}); u8[at + ${at}] = ${f} ? 1 : 0;`,
  string: (f, index, at) =>
    `next = writer.putText(${f}, ${index}, memory, at + ${at}, next, end); ` +
    `if (next < 0) return ${NO_ROOM};`,
};

/** The same as a loop. */
export function fieldsLoop({ fields, fixedBytes, head }: TableLayout): PutFields {
  const zeros = boolWords(fields);
  return (value, writer, memory, at, end) => {
    if (at + fixedBytes > end) return NO_ROOM;
    const { i32, f64, u8 } = memory;
    i32.set(head, at >> 2);
    for (const word of zeros) i32[(at >> 2) + word] = 0;
    let next = at + fixedBytes;
    for (const [index, { name, type, at: place }] of fields.entries()) {
      const given = value[name];
      if (type === 'string') {
        next = writer.putText(given, index, memory, at + place, next, end);
        if (next < 0) return NO_ROOM;
      } else if (!isOf(type, given)) writer.refuseField(index, given);
      else if (type === 'int') i32[(at + place) >> 2] = given as number;
      else if (type === 'double') f64[(at + place) >> 3] = given as number;
      else u8[at + place] = given === true ? 1 : 0;
    }
    return next;
  };
}

function isOf(type: FieldType, given: unknown): boolean {
  if (type === 'int') return given === ((given as number) | 0);
  return typeof given === (type === 'double' ? 'number' : 'boolean');
}

/** Words that hold bools: what of them is no field's is zero. */
function boolWords(fields: TableLayout['fields']): number[] {
  const words = fields.filter(({ type }) => type === 'bool').map(({ at }) => at >> 2);
  return [...new Set(words)];
}

/** Compares the words before the first field one by one, without a loop. */
export function startCode({ head }: TableLayout): StartsHere {
  const words = Array.from(head, (of, i) => `i32[word + ${i}] === ${of}`);
  return (
    codeOf(['i32', 'word'], `return ${words.join(' && ')};`) ??
    ((i32, word) => head.every((of, i) => i32[word + i] === of))
  );
}

/** Copies a view field by field: `{ ...view }` would call each getter the slow way. */
export function copyCode({ fields }: TableLayout): (view: object) => object {
  const members = fields.map(
    ({ name }) => `[${JSON.stringify(name)}]: view[${JSON.stringify(name)}]`,
  );
  return codeOf(['view'], `return { ${members.join(', ')} };`) ?? (view => ({ ...view }));
}
