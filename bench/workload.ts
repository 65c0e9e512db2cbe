/** How many distinct records the micro benches rotate, a power of two. */
export const DISTINCT = 1024;
/** `index & ROTATE` goes round them. */
export const ROTATE = DISTINCT - 1;

/** Midnight of 2001-01-01, UTC, in milliseconds. */
export const FIRST_TIMESTAMP = 978_307_200_000;

const numbers = Array.from({ length: DISTINCT }, (_, index) => String(index).padStart(4, '0'));

/** Keys of 9 bytes. */
export const KEYS: readonly string[] = numbers.map(number => `key-${number}x`);
/** Values of 7 bytes. */
export const VALUES: readonly string[] = numbers.map(number => `pay${number}`);

/** Records as a user's code would give them: key, value and timestamp, all distinct. */
export const RECORDS = KEYS.map((key, index) => ({
  key,
  value: VALUES[index],
  timestamp: FIRST_TIMESTAMP + index,
}));
