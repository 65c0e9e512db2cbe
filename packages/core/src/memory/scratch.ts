import { fail } from '../errors.ts';

const PAGE_BYTES = 65_536;
/** 16 MiB, which cost nothing until they are used; growing would slow all typed arrays a little. */
const FIRST_PAGES = 256;
/** 1 GiB: addresses stay below 2^31, so that `address >> 2` is an index. */
const MOST_PAGES = 16_384;
/** Below are cells of fixed meaning, so that 0 can mean "nothing" as an address. */
const FIRST_ADDRESS = 64;

/** Addresses where WebAssembly leaves what it returns beside its result. */
export const CELLS = {
  /** The first sequence of an append, or of a poll. */
  sequence: 0,
  /** FNV-1a of the key that was encoded last. */
  keyHash: 8,
  /** The shard that a record went to. */
  shard: 12,
} as const;

interface FreeBlock {
  address: number;
  bytes: number;
}

/**
 * Memory that belongs to one thread: records are encoded here before they are appended.
 *
 * It is a `WebAssembly.Memory` so that a shard's kernel can import it beside the shard's own memory
 * and copy between the two. Growing detaches the old buffer: read `u8`, `i32`, `f64` and `buffer`
 * through this object after every call that may allocate, never from a variable kept across one.
 */
export class Scratch {
  readonly memory: WebAssembly.Memory;
  u8: Uint8Array;
  i32: Int32Array;
  f64: Float64Array;
  /** The same bytes as a Node Buffer, for its UTF-8 writers and readers. */
  buffer: Buffer;

  /** Free blocks by rising address; neighbours are always merged. */
  private readonly holes: FreeBlock[];
  /** What owners had that are garbage and never gave it back. */
  private readonly forgotten = new FinalizationRegistry<FreeBlock>(({ address, bytes }) =>
    this.insert(address, bytes),
  );

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MOST_PAGES });
    const whole = this.memory.buffer;
    this.u8 = new Uint8Array(whole);
    this.i32 = new Int32Array(whole);
    this.f64 = new Float64Array(whole);
    this.buffer = Buffer.from(whole);
    this.holes = [{ address: FIRST_ADDRESS, bytes: whole.byteLength - FIRST_ADDRESS }];
  }

  /**
   * Takes `bytes` bytes (rounded up to a multiple of 8) and returns their 8-aligned address. The
   * content is whatever was there before. An `owner`, which has one such piece at a time, gives it back
   * at the latest when it is garbage. Throws `OUT_OF_MEMORY`.
   */
  alloc(bytes: number, owner?: object): number {
    const wanted = rounded(bytes);
    for (const [index, block] of this.holes.entries()) {
      if (block.bytes < wanted) continue;
      const address = block.address;
      block.address += wanted;
      block.bytes -= wanted;
      if (block.bytes === 0) this.holes.splice(index, 1);
      if (owner !== undefined) this.forgotten.register(owner, { address, bytes: wanted }, owner);
      return address;
    }
    this.grow(wanted);
    return this.alloc(bytes, owner);
  }

  /** Gives back what `alloc(bytes, owner)` returned as `address`. */
  free(address: number, bytes: number, owner?: object): void {
    if (owner !== undefined) this.forgotten.unregister(owner);
    this.insert(address, rounded(bytes));
  }

  private insert(address: number, bytes: number): void {
    const blocks = this.holes;
    let index = 0;
    while (index < blocks.length && (blocks[index] as FreeBlock).address < address) index++;
    const before = blocks[index - 1];
    const after = blocks[index];
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsAfter = after !== undefined && address + bytes === after.address;
    if (joinsBefore && joinsAfter) {
      before.bytes += bytes + after.bytes;
      blocks.splice(index, 1);
    } else if (joinsBefore) {
      before.bytes += bytes;
    } else if (joinsAfter) {
      after.address = address;
      after.bytes += bytes;
    } else {
      blocks.splice(index, 0, { address, bytes });
    }
  }

  /** Adds room for `bytes` at the end, at least doubling, and replaces the views. */
  private grow(bytes: number): void {
    const end = this.u8.length;
    const had = end / PAGE_BYTES;
    const needed = Math.ceil(bytes / PAGE_BYTES);
    const pages = Math.max(needed, Math.min(had, MOST_PAGES - had));
    try {
      this.memory.grow(pages);
    } catch (cause) {
      fail(
        'OUT_OF_MEMORY',
        `The encoding memory of this thread could not grow from ${end} bytes by ${bytes}; ` +
          `it can have ${MOST_PAGES * PAGE_BYTES} at most.`,
        cause,
      );
    }
    const whole = this.memory.buffer;
    this.u8 = new Uint8Array(whole);
    this.i32 = new Int32Array(whole);
    this.f64 = new Float64Array(whole);
    this.buffer = Buffer.from(whole);
    this.insert(end, whole.byteLength - end);
  }
}

function rounded(bytes: number): number {
  return bytes < 8 ? 8 : Math.ceil(bytes / 8) * 8;
}

let ofThisThread: Scratch | undefined;

/** The scratch memory of the calling thread, made at the first call. */
export function scratch(): Scratch {
  ofThisThread ??= new Scratch();
  return ofThisThread;
}
