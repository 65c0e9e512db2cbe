import type { Effort, Measurable, Series } from '../runner/measurable.ts';
import { expectEqual } from '../runner/measurable.ts';

/** As in `durable-disk`. */
export const VALUE_BYTES = 100;
/** A value begins with its sequence, 32 bits, little-endian. */
export const SEQUENCE_BYTES = 4;

/** Values to append: those of the sequences `first` to `first + count − 1`. */
export interface Batch {
  readonly first: number;
  readonly count: number;
}

/** A log of somebody else's, set to acknowledge what is on disk. */
export interface PeerLog {
  /** How many batches are under way at a time, each in a lane of its own. */
  readonly lanes: number;
  /** What size of batches to try. */
  readonly batchSizes: readonly number[];
  /** Resolves when the whole batch is acknowledged. */
  append(lane: number, batch: Batch): Promise<void>;
  /** Shows every value that the log holds. */
  readBack(see: (value: Uint8Array) => void): Promise<void>;
  /** Forgets all values. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const DURATION_MS = { full: 1_000, quick: 200 };

/**
 * Values per second that a peer acknowledges on disk, in batches of the size that suits it best. All
 * values of each size are read back, and their count and the sum of their sequences compared.
 */
export function onDisk(name: string, log: PeerLog): Measurable {
  return {
    async measure({ quick }: Effort): Promise<Series[]> {
      const durationMs = quick ? DURATION_MS.quick : DURATION_MS.full;
      const tried: { size: number; rate: number }[] = [];
      for (const size of log.batchSizes) {
        tried.push({ size, rate: await appendFor(durationMs, size, log) });
      }
      const best = tried.reduce((one, other) => (other.rate > one.rate ? other : one));
      const others = tried.map(({ size, rate }) => `${thousands(rate)} in ${thousands(size)}`);
      const note = `batches of ${thousands(best.size)} under way ${log.lanes} at a time (${others.join(', ')})`;
      return [{ name, unit: 'records/s', samples: [best.rate], note }];
    },
    close: () => log.close(),
  };
}

async function appendFor(durationMs: number, size: number, log: PeerLog): Promise<number> {
  await log.clear();
  let next = 0;
  const append = (lane: number): Promise<void> => {
    const batch = { first: next, count: size };
    next += size;
    return log.append(lane, batch);
  };
  const lanes = Array.from({ length: log.lanes }, (_, lane) => lane);
  // The first batch of each lane warms up: it is not timed.
  await Promise.all(lanes.map(append));
  const warm = next;
  const startMs = performance.now();
  const untilPast = async (lane: number): Promise<void> => {
    while (performance.now() - startMs < durationMs) await append(lane);
  };
  await Promise.all(lanes.map(untilPast));
  const seconds = (performance.now() - startMs) / 1000;
  await check(log, next);
  return (next - warm) / seconds;
}

async function check(log: PeerLog, sent: number): Promise<void> {
  let count = 0;
  let sequences = 0;
  await log.readBack(value => {
    expectEqual('bytes of a value', value.length, VALUE_BYTES);
    count++;
    sequences += value[0] | (value[1] << 8) | (value[2] << 16) | (value[3] << 24);
  });
  expectEqual('values read back', count, sent);
  expectEqual('sum of their sequences', sequences, (sent * (sent - 1)) / 2);
}

function thousands(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/**
 * The bytes that append a batch, with the values' sequences written in: what stands around a value is
 * the same every time, so a client could not be faster.
 */
export class BatchBytes {
  private readonly prefix: Buffer;
  private readonly suffix: Buffer;
  private bytes = Buffer.alloc(0);
  private count = 0;

  constructor(prefix: string, suffix: string) {
    this.prefix = Buffer.from(prefix);
    this.suffix = Buffer.from(suffix);
  }

  /** Valid until the next call. */
  of({ first, count }: Batch): Buffer {
    const { prefix, suffix } = this;
    const stride = prefix.length + VALUE_BYTES + suffix.length;
    if (count !== this.count) {
      const one = Buffer.concat([prefix, Buffer.alloc(VALUE_BYTES, 0x5a), suffix]);
      this.bytes = Buffer.alloc(count * stride, one);
      this.count = count;
    }
    for (let i = 0; i < count; i++) {
      this.bytes.writeInt32LE(first + i, i * stride + prefix.length);
    }
    return this.bytes;
  }
}
