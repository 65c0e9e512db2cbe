import { CELLS, scratch } from '../memory/scratch.ts';
import { ENCODER_WASM } from './encoder.wasm.ts';
import { FNV_OFFSET_BASIS, FNV_PRIME } from './hash.ts';
import * as layout from './layout.ts';

/** What `append` returns for a record that `encoder.wat` leaves to the writer. */
export const NOT_ENCODED = -9;
/** What `stage` returns for a record that stands in its batch. */
export const STAGED = -1;

/** An entry of the table of batches that `stage` writes to: bytes from its start, and its size. */
export const BATCH = { end: 0, records: 4, limit: 8, most: 12, bytes: 16 } as const;
/** Stored bytes of the largest record that `encoder.wat` encodes. */
export const LARGEST_ENCODED = 160;

/** Numbers that `encoder.wat` knows by these names. */
export const ENCODER = {
  ...layout,
  FNV_OFFSET_BASIS: FNV_OFFSET_BASIS | 0,
  FNV_PRIME,
  /** Above this many characters native code is faster. */
  LONGEST_TEXT: 48,
  KEY_HASH_CELL: CELLS.keyHash,
  SHARD_CELL: CELLS.shard,
  VALUE_WORD_AT: layout.VTABLE + 8,
  KEY_WORD: layout.KEY_FLAG | layout.TIMESTAMP_WORD,
  VALUE_OFFSET: layout.VALUE_LENGTH - layout.VALUE,
  NOT_ENCODED,
  STAGED,
  BATCH_RECORDS: BATCH.records,
  BATCH_LIMIT: BATCH.limit,
  BATCH_MOST: BATCH.most,
};

/** Appends through one shard's kernel; see `Kernel.append`. */
type Append = (cell: number, at: number, count: number, bytes: number, meta: number) => number;

/** What `encoder.wat` exports; its comments say what each does. */
export interface Encoder {
  encode(key: string, value: string, timestamp: number, to: number, end: number): number;
  append(
    key: string,
    value: string,
    timestamp: number,
    to: number,
    end: number,
    first: number,
    mask: number,
    producer: number,
    meta: number,
  ): number;
  stage(
    key: string,
    value: string,
    timestamp: number,
    temporary: number,
    table: number,
    mask: number,
  ): number;
  head(
    to: number,
    at: number,
    headers: number,
    key: number,
    timestamp: number,
    valueLength: number,
    fields: number,
    more: number,
  ): void;
  readonly appends: WebAssembly.Table;
}

let instance: Encoder | undefined;
let tried = false;

/**
 * The encoder of this thread's scratch memory, or `undefined` where the engine has no `js-string`
 * builtins (Node.js 22).
 */
export function encoder(): Encoder | undefined {
  if (!tried) {
    tried = true;
    try {
      const bytes = Uint8Array.from(atob(ENCODER_WASM), c => c.charCodeAt(0));
      const module = new WebAssembly.Module(bytes, { builtins: ['js-string'] });
      const imports = { scratch: { memory: scratch().memory } };
      instance = new WebAssembly.Instance(module, imports).exports as unknown as Encoder;
    } catch {
      // An engine without the builtins asks for them as imports: the writer does without.
    }
  }
  return instance;
}

/** Entries of the table in use, and runs of entries that have been given back, by their length. */
let used = 0;
const returned = new Map<number, number[]>();

/**
 * Enters the `append` functions of a topic's shards side by side; returns the first one's place. The table
 * lives as long as the thread, and what it holds keeps the shards' memory: so an `owner` that becomes garbage
 * without `leaveAppends` gives them back too.
 */
export function enterAppends(to: Encoder, appends: readonly Append[], owner: object): number {
  const { length } = appends;
  let first = returned.get(length)?.pop();
  if (first === undefined) {
    first = used;
    const missing = first + length - to.appends.length;
    if (missing > 0) to.appends.grow(Math.max(missing, to.appends.length));
    used += length;
  }
  for (const [index, append] of appends.entries()) to.appends.set(first + index, append);
  forgotten.register(owner, { from: to, first, length }, owner);
  return first;
}

/** Gives back what `enterAppends` took for the `length` shards of `owner`. */
export function leaveAppends(from: Encoder, first: number, length: number, owner: object): void {
  forgotten.unregister(owner);
  clearAppends({ from, first, length });
}

interface Entered {
  readonly from: Encoder;
  readonly first: number;
  readonly length: number;
}

const forgotten = new FinalizationRegistry<Entered>(clearAppends);

function clearAppends({ from, first, length }: Entered): void {
  for (let index = 0; index < length; index++) from.appends.set(first + index, null);
  const runs = returned.get(length) ?? [];
  runs.push(first);
  returned.set(length, runs);
}
