import type { Disk, DiskFile } from './disk.ts';
import { FORMAT_VERSION, loadWhole, storeWhole } from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';
import { checksum } from './frame-writer.ts';

/**
 * The file `marks` of a shard: two sectors, written in turn, so that a torn write leaves the other.
 * The sector with the greater sequence counts.
 *
 * ```text
 * byte  sector
 *    0  checksum           u32  CRC-32 of bytes 4 to 40
 *    4  version            u32  1
 *    8  magic              u32  "LSmk"
 *   12  (zeros)
 *   16  sequence           u64  grows with every write
 *   24  durable offset     u64  everything below was on stable storage
 *   32  start offset       u64  segments wholly below are to be removed
 *   40  (zeros)
 *  512  the second sector
 * ```
 */
export const MARK = {
  checksum: 0,
  version: 4,
  magic: 8,
  sequence: 16,
  durableOffset: 24,
  startOffset: 32,
} as const;

/** "LSmk" */
export const MARKS_MAGIC = 0x6b6d534c;
export const MARK_BYTES = 40;
export const SECTOR_BYTES = 512;
export const MARKS_NAME = 'marks';

export interface MarkValues {
  readonly sequence: number;
  readonly durableOffset: number;
  readonly startOffset: number;
}

/** What the file at `path` says; `undefined` when it is missing or neither sector is whole. */
export function readMarks(disk: Disk, path: string): MarkValues | undefined {
  if (disk.stat(path) === undefined) return undefined;
  const file = disk.openFile(path, 'read');
  try {
    return readMarksOf(file, new FrameMemory(2 * SECTOR_BYTES));
  } finally {
    file.close();
  }
}

/** As `readMarks`, of an open file, through `memory` of two sectors. */
export function readMarksOf(file: DiskFile, memory: FrameMemory): MarkValues | undefined {
  const got = file.read(memory.u8, 0);
  let newest: MarkValues | undefined;
  for (let at = 0; at + MARK_BYTES <= got; at += SECTOR_BYTES) {
    const { i32, u8 } = memory;
    if (i32[(at + MARK.magic) >> 2] !== MARKS_MAGIC) continue;
    if (i32[(at + MARK.version) >> 2] !== FORMAT_VERSION) continue;
    if (checksum(u8.subarray(at), MARK_BYTES) !== i32[at >> 2]) continue;
    const sequence = loadWhole(i32, at + MARK.sequence);
    if (newest !== undefined && newest.sequence > sequence) continue;
    newest = {
      sequence,
      durableOffset: loadWhole(i32, at + MARK.durableOffset),
      startOffset: loadWhole(i32, at + MARK.startOffset),
    };
  }
  return newest;
}

/** Keeps the marks of a log that is open for writing. */
export class Marks {
  private readonly file: DiskFile;
  private readonly memory = FrameMemory.zeroed(SECTOR_BYTES);
  private sequence: number;

  constructor(file: DiskFile, sequence: number) {
    this.file = file;
    this.sequence = sequence;
  }

  /** Writes both marks; they are as durable as the page cache until `dataSync`. */
  write(durableOffset: number, startOffset: number): void {
    const { i32, u8 } = this.memory;
    this.sequence++;
    i32[MARK.version >> 2] = FORMAT_VERSION;
    i32[MARK.magic >> 2] = MARKS_MAGIC;
    storeWhole(i32, MARK.sequence, this.sequence);
    storeWhole(i32, MARK.durableOffset, durableOffset);
    storeWhole(i32, MARK.startOffset, startOffset);
    i32[MARK.checksum >> 2] = checksum(u8, MARK_BYTES);
    this.file.write(u8, (this.sequence & 1) * SECTOR_BYTES);
  }

  dataSync(): void {
    this.file.dataSync();
  }

  close(): void {
    this.file.close();
  }
}
