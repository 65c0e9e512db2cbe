import {
  CopiedRun,
  type Kernel,
  kernelImports,
  Shard,
  type ShardPlan,
  SlotRun,
  scratch,
  takeCell,
} from '@lite-streams/core/internal';
import { KIND, metaOf } from '../../packages/core/src/shard/layout.ts';
import { encode } from './programs/records.ts';

/** A data area of 8 granules, records of 1 to 4: every place and every size, by exhaustion. */
const GEOMETRY = {
  shard: 0,
  slots: 16,
  dataBytes: 64,
  maxRecordBytes: 32,
  producers: 2,
  groups: 1,
  members: 1,
  overwrite: true,
};
const SIZES = [8, 16, 24, 32];
const GRANULES = GEOMETRY.dataBytes / 8;

/** What was appended: ids and stored sizes, by sequence. */
interface Appended {
  readonly id: number;
  readonly size: number;
}

/**
 * Appends every sequence of `length` record sizes from every granule on, one by one or as batches
 * of two, and after each append copies every run that is still there. Returns how many copies were
 * right, or throws what was wrong with the first that was not.
 */
export function checkCopies(module: WebAssembly.Module, length: number): number {
  const fresh = Shard.create(GEOMETRY);
  takeCell(fresh, 1, 1);
  const bytes = new Uint8Array(fresh.memory.buffer).slice();
  const shard = Shard.attach(fresh.memory, plan => instantiate(module, plan, fresh.memory));
  let copies = 0;
  for (let start = 0; start < GRANULES; start++) {
    for (const sizes of sequencesOf(length)) {
      for (const batch of [1, 2]) {
        shard.u8.set(bytes);
        copies += checkSequence(shard, start, sizes, batch);
      }
    }
  }
  return copies;
}

function* sequencesOf(length: number): Generator<number[]> {
  if (length === 0) {
    yield [];
    return;
  }
  for (const rest of sequencesOf(length - 1)) for (const size of SIZES) yield [...rest, size];
}

function checkSequence(
  shard: Shard,
  start: number,
  sizes: readonly number[],
  batch: number,
): number {
  const log: Appended[] = [];
  const append = (some: readonly number[]) => {
    const ids = some.map((_, i) => log.length + i + 1);
    const { at, bytes } = encode({ ids, sizes: some });
    shard.kernel.append(shard.cellAddress(1), at, some.length, bytes, metaOf(1, KIND.data));
    for (const [i, id] of ids.entries()) log.push({ id, size: some[i] });
  };
  for (let i = 0; i < start; i++) append([8]);
  const run = new SlotRun(shard);
  const copied = new CopiedRun(shard);
  let copies = 0;
  for (let i = 0; i < sizes.length; i += batch) {
    append(sizes.slice(i, i + batch));
    for (let from = shard.physicalEarliest(); from < log.length; from++) {
      for (let count = 1; from + count <= log.length; count++) {
        const lost = copied.take(from, count, run);
        checkRun(run, log, from, count, lost);
        copies++;
      }
    }
  }
  copied.close();
  return copies;
}

function checkRun(
  run: SlotRun,
  log: readonly Appended[],
  from: number,
  count: number,
  lost: number,
): void {
  const told = `${count} from ${from} of ${log.map(({ size }) => size).join(' ')}`;
  if (lost !== 0 || run.count !== count) throw new Error(`${told}: ${lost} lost`);
  for (let i = 0; i < count; i++) {
    const { id, size } = log[from + i];
    const words = run.memory.i32.subarray(run.address(i) >> 2).subarray(0, size / 4);
    if (words[0] !== size - 4 || words.subarray(1).some(word => word !== id)) {
      throw new Error(`${told}: record ${i} should be ${id}, is ${words.join(' ')}`);
    }
  }
}

function instantiate(
  module: WebAssembly.Module,
  plan: ShardPlan,
  whole: WebAssembly.Memory,
): Kernel {
  const imports = kernelImports(whole, plan, scratch(), false);
  return new WebAssembly.Instance(module, imports).exports as unknown as Kernel;
}
