import {
  KERNEL,
  KIND,
  RecordWriter,
  SLOT_BYTES,
  SlotRun,
  scratch,
} from '@lite-streams/core/internal';
import { FrameMemory } from '../frame-memory.ts';

/** A slot of a run that a test makes. */
export interface TestSlot {
  readonly key?: string | null;
  readonly value?: string | Uint8Array | null;
  readonly timestamp?: number;
  /** A control kind; data by default. */
  readonly kind?: number;
  readonly producer?: number;
  /** Holds nothing. */
  readonly aborted?: boolean;
}

const MOST_RECORD_BYTES = 1024 * 1024;
const encoding = scratch();
const writer = new RecordWriter({ maxRecordBytes: MOST_RECORD_BYTES });
const encodedAt = encoding.alloc(MOST_RECORD_BYTES);

/** A run as a ring would have it, at `offset`, in memory of its own. */
export function runOf(offset: number, slots: readonly TestSlot[]): SlotRun {
  const dataAt = slots.length * SLOT_BYTES;
  const memory = new FrameMemory(dataAt + 4096);
  let at = dataAt;
  for (const [index, slot] of slots.entries()) {
    const { key = null, value = null, timestamp = 0, kind = KIND.data, producer = 1 } = slot;
    let bytes = 0;
    if (slot.aborted !== true) {
      const room = MOST_RECORD_BYTES;
      bytes = writer.write(encoding, encodedAt, room, key, value, timestamp, null);
      memory.grow(at + bytes, at);
      encoding.buffer.copy(memory.buffer, at, encodedAt, encodedAt + bytes);
    }
    const word = (index * SLOT_BYTES) >> 2;
    memory.i32[word] = slot.aborted === true ? KERNEL.FIRST_ABORTED : KERNEL.FIRST;
    memory.i32[word + (KERNEL.SLOT_GRANULE >> 2)] = (at - dataAt) >> 3;
    memory.i32[word + (KERNEL.SLOT_LENGTH >> 2)] = bytes;
    memory.i32[word + (KERNEL.SLOT_META >> 2)] = (kind << 12) | producer;
    at += bytes;
  }
  const run = new SlotRun(memory);
  run.inCopy(memory, 0, offset, slots.length, 0, dataAt, 0);
  return run;
}
