import { fail } from '../errors.ts';
import { loadAcquire } from '../memory/atomics.ts';
import type { RecordCopy, RecordMemory } from '../record/record.ts';
import { RecordView } from '../record/view.ts';
import { CopiedRun } from '../shard/copied-run.ts';
import { KERNEL } from '../shard/layout.ts';
import { earliest, newest } from '../shard/retention.ts';
import type { Shard } from '../shard/shard.ts';
import { SlotRun } from '../shard/slot-run.ts';
import { checkShard } from './append-handle.ts';
import type { Topic } from './topic.ts';

/**
 * Which records: the newest `max` of a shard (by default all that are retained), or the newest `max`
 * with a key.
 */
export type SnapshotQuery = { shard: number; max?: number } | { key: string; max?: number };

/** Memory for snapshots is carved from slabs, so that a snapshot costs no allocation of its own. */
const SLAB_BYTES = 1 << 18;

class Slab implements RecordMemory {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly buffer: Buffer;
  private used = 0;

  constructor(bytes: number) {
    // Not zeroed: nothing is read that has not been copied here.
    this.buffer = Buffer.allocUnsafeSlow(bytes);
    this.u8 = new Uint8Array(this.buffer.buffer);
    this.i32 = new Int32Array(this.buffer.buffer);
    this.f64 = new Float64Array(this.buffer.buffer);
  }

  /** Takes 8-aligned room, or −1. */
  take(bytes: number): number {
    const at = this.used;
    if (at + bytes > this.u8.length) return -1;
    this.used = at + ((bytes + 7) & ~7);
    return at;
  }
}

let slab = new Slab(SLAB_BYTES);

/**
 * Records that stood in a shard together at one moment, copied out of it: they stay as they are.
 * `at(i)` and iteration aim one view at record after record; nothing is decoded until asked for.
 */
export class Snapshot implements Iterable<RecordView> {
  readonly shard: number;
  readonly length: number;
  private readonly run: SlotRun;
  /** Which slots of the run are in the snapshot; all of them where there is no list. */
  private readonly chosen: Int32Array | undefined;
  private readonly view = new RecordView();

  /** Made by `topic.latest`. */
  constructor(run: SlotRun, chosen: Int32Array | undefined) {
    this.run = run;
    this.shard = run.shard;
    this.chosen = chosen;
    this.length = chosen === undefined ? run.count : chosen.length;
  }

  /** The record at `index`, oldest first; the view is aimed anew at the next call. */
  at(index: number): RecordView {
    if (!(index >= 0 && index < this.length)) {
      fail('OFFSET_OUT_OF_RANGE', `The snapshot has ${this.length} records, none at ${index}.`);
    }
    return this.run.view(this.chosen === undefined ? index : this.chosen[index], this.view);
  }

  *[Symbol.iterator](): Iterator<RecordView> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** All records as plain objects. */
  copy(): RecordCopy[] {
    return Array.from(this, record => record.copy());
  }
}

/** Where each shard of a thread's handle is copied to before a snapshot takes its part. */
const workplaces = new WeakMap<Shard, CopiedRun>();

/** Takes a snapshot; never fails because of writers, however fast: what they overwrite is not in it. */
export function takeSnapshot(topic: Topic, query: SnapshotQuery): Snapshot {
  const { options, shards } = topic;
  const key = 'key' in query ? query.key : undefined;
  const number =
    key === undefined
      ? checkShard((query as { shard: number }).shard, shards.length, topic.name)
      : topic.shardOf(key);
  if (number < 0) {
    fail('INVALID_OPTION', `Keys do not pick shards in the topic "${topic.name}": ask by shard.`);
  }
  const max = query.max ?? Number.POSITIVE_INFINITY;
  if (!(max >= 0)) fail('INVALID_OPTION', `max is ${String(query.max)}; it must be 0 or more.`);
  const shard = shards[number];
  if (key === undefined && options.retentionBytes === undefined) {
    const newest = newestSlots(shard, Math.min(max, options.retentionRecords ?? max));
    if (newest !== undefined) return new Snapshot(newest, undefined);
  }
  const end = shard.published();
  let from = earliest(shard, { records: options.retentionRecords, bytes: options.retentionBytes });
  if (key === undefined && max < ((end - from) | 0)) from = newest(shard, from, max);
  const run = copyOf(shard, from, Math.max(0, (end - from) | 0));
  const wanted =
    key === undefined && run.countData() === run.count ? undefined : pick(run, max, key);
  return new Snapshot(run, wanted);
}

/** The newest slots, where all of them are records of users; else `undefined`, and one has to count. */
function newestSlots(shard: Shard, wanted: number): SlotRun | undefined {
  if (wanted > shard.plan.slots) return undefined;
  const end = shard.published();
  const written = (end - loadAcquire(shard.i32, KERNEL.EARLIEST >> 2)) | 0;
  const count = Math.min(wanted, written);
  const run = copyOf(shard, (end - count) | 0, count);
  return run.countData() === count ? run : undefined;
}

function copyOf(shard: Shard, from: number, count: number): SlotRun {
  let copied = workplaces.get(shard);
  if (copied === undefined) {
    copied = new CopiedRun(shard);
    workplaces.set(shard, copied);
  }
  const run = new SlotRun(shard);
  copied.take(from, count, run);
  const bytes = run.bytesToMove();
  let to = slab.take(bytes);
  if (to < 0) {
    slab = new Slab(Math.max(SLAB_BYTES, bytes));
    to = slab.take(bytes);
  }
  run.moveTo(slab, to);
  return run;
}

/** The newest `max` slots of a run that hold data, and that key if one is named. */
function pick(run: SlotRun, max: number, key: string | undefined): Int32Array {
  const view = new RecordView();
  const chosen = new Int32Array(run.count);
  let first = run.count;
  for (let i = run.count - 1; i >= 0 && run.count - first < max; i--) {
    if (run.kind(i) !== 0) continue;
    if (key !== undefined && run.view(i, view).key !== key) continue;
    chosen[--first] = i;
  }
  return chosen.subarray(first);
}
