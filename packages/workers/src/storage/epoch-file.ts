import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Epoch, StepSnapshot, TaskSnapshot } from '@lite-streams/core/ground';
import { fail, ValueReader, ValueWriter } from '@lite-streams/core/internal';
import type { Disk } from './disk.ts';

/**
 * An epoch as a file: it is there whole, or not at all.
 *
 * ```
 *    0  u32  magic "LSEP"
 *    4  u32  format version
 *    8  f64  bytes of the body
 *   16  f64  number of the epoch
 *   24  u32  crc32 of the body
 *   28  u32  crc32 of the 28 bytes before
 *   32       body: the epoch, as the plain codec writes it
 * ```
 *
 * All little-endian.
 */
export const EPOCH_FORMAT = 2;
/** Where a snapshot stands that was written with an earlier epoch: its number, and the places in it. */
export interface StoredElsewhere {
  readonly epoch: number;
  readonly task: number;
  readonly step: number;
}

/** An epoch of which a part may stand in the files of those before. */
export interface StoredEpoch extends Omit<Epoch, 'tasks'> {
  readonly tasks: readonly StoredTask[];
}

export interface StoredTask extends Omit<TaskSnapshot, 'steps'> {
  readonly steps: readonly (StepSnapshot | StoredElsewhere)[];
}

const MAGIC = 0x5045534c; // "LSEP"
const HEADER_BYTES = 32;

/**
 * Writes an epoch under another name, has that on stable storage, and only then gives it its own: the
 * rename is the commit. The name itself is on stable storage when this returns.
 */
export function writeEpoch(disk: Disk, path: string, epoch: StoredEpoch): void {
  const writer = new ValueWriter();
  writer.write(epoch);
  const body = writer.take();
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(EPOCH_FORMAT, 4);
  header.writeDoubleLE(body.length, 8);
  header.writeDoubleLE(epoch.epoch, 16);
  header.writeUInt32LE(crc32(body), 24);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  const next = `${path}.new`;
  const file = disk.openFile(next, 'create');
  try {
    file.write(header, 0);
    file.write(body, HEADER_BYTES);
    file.dataSync();
  } finally {
    file.close();
  }
  disk.rename(next, path);
  disk.syncDirectory(dirname(path));
}

/** What `writeEpoch` wrote. Throws `CHECKPOINT_DAMAGED`, `STORAGE_MISMATCH`. */
export function readEpoch(disk: Disk, path: string): StoredEpoch {
  const file = disk.openFile(path, 'read');
  let bytes: Buffer;
  try {
    bytes = Buffer.alloc(file.size());
    bytes = bytes.subarray(0, file.read(bytes, 0));
  } finally {
    file.close();
  }
  if (bytes.length < HEADER_BYTES) damaged(path, 'it ends within its header');
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28))) {
    damaged(path, 'the checksum of its header does not fit');
  }
  const format = bytes.readUInt32LE(4);
  if (bytes.readUInt32LE(0) !== MAGIC || format !== EPOCH_FORMAT) {
    fail(
      'STORAGE_MISMATCH',
      `${path} has the format version ${format}; this build reads ${EPOCH_FORMAT}. Use the version of ` +
        'the package that wrote it.',
    );
  }
  const body = bytes.subarray(HEADER_BYTES);
  if (body.length !== bytes.readDoubleLE(8) || crc32(body) !== bytes.readUInt32LE(24)) {
    damaged(path, 'the checksum of its body does not fit');
  }
  const reader = new ValueReader();
  reader.open(body);
  return reader.read() as StoredEpoch;
}

export function damaged(path: string, what: string): never {
  return fail(
    'CHECKPOINT_DAMAGED',
    `${path} is damaged: ${what}. Nothing was changed. Put it back from a copy, or run the pipeline ` +
      'from a savepoint; an older epoch would give outputs twice.',
  );
}
