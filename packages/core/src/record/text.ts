import type { RecordMemory } from './record.ts';

/**
 * What `Buffer.write` and `Buffer.toString` end in, without their checks of arguments. Not in Node's
 * documentation, but in every version that is supported here.
 */
interface NativeText {
  utf8Write(text: string, start: number, most: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Text of at most this many bytes is decoded by code, which beats a native call by far. */
const SHORT_BYTES = 16;
/** The sign bits of four bytes: none is set in ASCII. */
const NOT_ASCII = 0x80808080 | 0;

const chars = String.fromCharCode;

/** Writes `text` as UTF-8 into at most `most` bytes at `start`; returns how many it wrote. */
export function writeText(memory: RecordMemory, text: string, start: number, most: number): number {
  return (memory.buffer as unknown as NativeText).utf8Write(text, start, most);
}

/** Writes ASCII and a NUL, padded to 4, four characters at a time; `false` for other text. */
export function putAscii(i32: Int32Array, text: string, firstWord: number): boolean {
  const { length } = text;
  let word = firstWord;
  let all = 0;
  let i = 0;
  for (; i < length - 3; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    all |= a | b | c | d;
    i32[word++] = a | (b << 8) | (c << 16) | (d << 24);
  }
  let last = 0;
  for (let shift = 0; i < length; i++, shift += 8) {
    const code = text.charCodeAt(i);
    all |= code;
    last |= code << shift;
  }
  i32[word] = last;
  return all <= 0x7f;
}

/** The UTF-8 bytes at `start`, a multiple of 4, as text; bytes that are not UTF-8 become U+FFFD. */
export function readText(memory: RecordMemory, start: number, length: number): string {
  if (length <= SHORT_BYTES && isAscii(memory.i32, start, length)) {
    return length <= 8 ? to8(memory.u8, start, length) : to16(memory.u8, start, length);
  }
  return (memory.buffer as unknown as NativeText).utf8Slice(start, start + length);
}

/** Whether the UTF-8 bytes at `start`, a multiple of 4, read as `text`. */
export function textEquals(
  memory: RecordMemory,
  start: number,
  length: number,
  text: string,
): boolean {
  const u8 = memory.u8;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return readText(memory, start, length) === text;
    if (i >= length || u8[start + i] !== code) return false;
  }
  return length === text.length;
}

function isAscii(i32: Int32Array, start: number, length: number): boolean {
  const last = (start + length) >> 2;
  let bits = 0;
  for (let word = start >> 2; word < last; word++) bits |= i32[word];
  const rest = length & 3;
  if (rest !== 0) bits |= i32[last] & ((1 << (rest << 3)) - 1);
  return (bits & NOT_ASCII) === 0;
}

// One call per length: neither a loop of concatenations nor a spread comes near.

/** ASCII text of 0 to 8 bytes. */
// biome-ignore format: a table, one row per length
function to8(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 0: return '';
    case 1: return chars(b[i]);
    case 2: return chars(b[i], b[i + 1]);
    case 3: return chars(b[i], b[i + 1], b[i + 2]);
    case 4: return chars(b[i], b[i + 1], b[i + 2], b[i + 3]);
    case 5: return chars(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4]);
    case 6: return chars(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5]);
    case 7: return chars(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6]);
    default: return chars(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7]);
  }
}

/** ASCII text of 9 to 16 bytes. */
// biome-ignore format: a table, one row per length
function to16(b: Uint8Array, at: number, length: number): string {
  const i = at + 8;
  const q = b[at], r = b[at + 1], s = b[at + 2], t = b[at + 3];
  const u = b[at + 4], v = b[at + 5], w = b[at + 6], x = b[at + 7];
  switch (length) {
    case 9: return chars(q, r, s, t, u, v, w, x, b[i]);
    case 10: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1]);
    case 11: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1], b[i + 2]);
    case 12: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1], b[i + 2], b[i + 3]);
    case 13: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4]);
    case 14: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5]);
    case 15: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6]);
    default: return chars(q, r, s, t, u, v, w, x, b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7]);
  }
}
