/**
 * The bytes of values on their way between threads and in snapshots. Everything stands in 32-bit
 * words, so that it is read and written a word at a time; text and bytes are padded with zeros.
 *
 * ```text
 * message   shapes   from the beginning to the table of shapes, in words; 0 without one
 *           value …  one after another
 *           table    number of shapes, then each shape
 *
 * value     kind (low 8 bits) and amount (high 24 bits), then what the kind says
 *
 * shape     hash, number of keys, words of the keys, then the keys, each like a text value
 * ```
 *
 * A shape is the list of an object's keys. It stands once in a message, and a reader that has seen
 * the same words before takes the keys from its memory. An object is the number of its shape and its
 * values, without keys.
 */
export const VALUE = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** The amount is the number, signed. */
  smallInteger: 4,
  /** One word. */
  integer: 5,
  /** Two words, the low one first. */
  double: 6,
  /** `amount` bytes of ASCII. */
  ascii: 7,
  /** Two bytes for each of `amount` UTF-16 units. */
  utf16: 8,
  /** `amount` bytes. */
  bytes: 9,
  /** `amount` characters of hexadecimal digits, after a minus sign if negative. */
  bigint: 10,
  /** Two words: milliseconds since 1970 as a double. */
  date: 11,
  /** `amount` values. */
  array: 12,
  /** `amount` values. */
  set: 13,
  /** `amount` pairs of values. */
  map: 14,
  /** The amount is the number of the shape in the message; its values follow. */
  object: 15,
  /** `amount` pairs of a text value and a value: an object whose shape is not worth keeping. */
  dictionary: 16,
  /** The amount is an index of `TYPED_ARRAYS`; a word with the number of bytes follows, then they. */
  typedArray: 17,
} as const;

/** An amount that does not fit into 24 bits is this one, and stands in the next word. */
export const LARGE_AMOUNT = 0xff_ffff;

/** Objects and containers may stand in one another this deep. */
export const DEEPEST = 500;

export const TYPED_ARRAYS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;
