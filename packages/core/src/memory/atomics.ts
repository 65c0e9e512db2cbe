/**
 * Every atomic operation of the engine that is not in the shard's WebAssembly kernel, named by what
 * it is for. No other file names `Atomics` (a test holds that up), so that whoever audits the memory
 * model has two files to read: this one and `shard/kernel.wat`.
 *
 * JavaScript knows sequentially consistent atomics only; the names say which half a caller relies on.
 */

/** Reads a word; what its writer stored before `storeRelease` is visible after it. */
export function loadAcquire(words: Int32Array, index: number): number {
  return Atomics.load(words, index);
}

/** Publishes a word: all earlier plain stores of this thread are visible to who reads it. */
export function storeRelease(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
}

/** Reads a whole number of up to 53 bits, which 32-bit words could tear. */
export function loadWide(words: BigInt64Array, index: number): number {
  return Number(Atomics.load(words, index));
}

/** Publishes a whole number of up to 53 bits, as `storeRelease` does a word. */
export function storeWide(words: BigInt64Array, index: number, value: number): void {
  Atomics.store(words, index, BigInt(value));
}

/** Replaces `expected` by `next`; tells whether it did. */
export function compareExchange(
  words: Int32Array,
  index: number,
  expected: number,
  next: number,
): boolean {
  return Atomics.compareExchange(words, index, expected, next) === expected;
}

/** Adds to a word and returns what it held before. */
export function add(words: Int32Array, index: number, delta: number): number {
  return Atomics.add(words, index, delta);
}

/** Stores a word and returns what it held before. */
export function exchange(words: Int32Array, index: number, value: number): number {
  return Atomics.exchange(words, index, value);
}

export type WaitOutcome = 'ok' | 'not-equal' | 'timed-out';

/** Blocks this thread while the word holds `expected`, `timeoutMs` at most. */
export function waitSync(
  words: Int32Array,
  index: number,
  expected: number,
  timeoutMs = Number.POSITIVE_INFINITY,
): WaitOutcome {
  return Atomics.wait(words, index, expected, timeoutMs);
}

// `Atomics.waitAsync` alone does not keep the event loop alive: a process with nothing else to do
// would leave while it waits. One shared timer does, while anybody waits.
let waiting = 0;
let keepAlive: ReturnType<typeof setInterval> | undefined;

function hold(): void {
  if (waiting++ === 0) keepAlive = setInterval(() => {}, 0x3fff_ffff);
}

function letGo(): void {
  if (--waiting === 0) clearInterval(keepAlive);
}

/** Waits like `waitSync` without blocking the thread; keeps the process alive meanwhile. */
export function waitAsync(
  words: Int32Array,
  index: number,
  expected: number,
  timeoutMs = Number.POSITIVE_INFINITY,
): Promise<WaitOutcome> | WaitOutcome {
  const wait = Atomics.waitAsync(words, index, expected, timeoutMs);
  if (!wait.async) return wait.value;
  hold();
  return wait.value.finally(letGo);
}

/** Wakes everybody who waits on the word. */
export function wakeAll(words: Int32Array, index: number): number {
  return Atomics.notify(words, index);
}
