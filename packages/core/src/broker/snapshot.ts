import { fail } from '../errors.ts';
import type { RecordCopy, RecordMemory } from '../record/record.ts';
import { RecordView } from '../record/view.ts';
import { CopiedRun } from '../shard/copied-run.ts';
import { earliest, newest } from '../shard/retention.ts';
import { SlotRun } from '../shard/slot-run.ts';
import { checkShard } from './append-handle.ts';
import type { Topic } from './topic.ts';

/**
 * Which records: the newest `max` of a shard (by default all that are retained), or the newest `max`
 * with a key.
 */
export type SnapshotQuery = { shard: number; max?: number } | { key: string; max?: number };

/** Memory for snapshots is carved from slabs, so that a snapshot costs no allocation of its own. */
const SLAB_BYTES = 1 << 20;

class Slab implements RecordMemory {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly buffer: Buffer;
  private used = 0;

  constructor(bytes: number) {
    const memory = new ArrayBuffer(bytes);
    this.u8 = new Uint8Array(memory);
    this.i32 = new Int32Array(memory);
    this.f64 = new Float64Array(memory);
    this.buffer = Buffer.from(memory);
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
  private readonly memory: RecordMemory;
  private readonly addresses: Int32Array;
  private readonly offsets: Float64Array;
  private readonly view = new RecordView();

  constructor(
    shard: number,
    memory: RecordMemory,
    addresses: Int32Array,
    offsets: Float64Array,
    length: number,
  ) {
    this.shard = shard;
    this.memory = memory;
    this.addresses = addresses;
    this.offsets = offsets;
    this.length = length;
  }

  /** The record at `index`, oldest first; the view is aimed anew at the next call. */
  at(index: number): RecordView {
    if (index < 0 || index >= this.length) {
      fail('OFFSET_OUT_OF_RANGE', `The snapshot has ${this.length} records, none at ${index}.`);
    }
    return this.view.wrap(this.memory, this.addresses[index], this.shard, this.offsets[index]);
  }

  *[Symbol.iterator](): Iterator<RecordView> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** All records as plain objects. */
  copy(): RecordCopy[] {
    return Array.from(this, record => record.copy());
  }
}

interface Workplace {
  run: SlotRun;
  copied: CopiedRun;
}

const workplaces = new WeakMap<Topic, Workplace[]>();

function workplace(topic: Topic, shard: number): Workplace {
  let all = workplaces.get(topic);
  if (all === undefined) {
    all = topic.shards.map(one => ({ run: new SlotRun(one), copied: new CopiedRun(one) }));
    workplaces.set(topic, all);
  }
  return all[shard];
}

/** Takes a snapshot; never fails because of writers, however fast: what they overwrite is not in it. */
export function takeSnapshot(topic: Topic, query: SnapshotQuery): Snapshot {
  const byKey = 'key' in query;
  const number = byKey
    ? topic.shardOf(query.key)
    : checkShard(query.shard, topic.shardCount, topic.name);
  if (number < 0) {
    fail('INVALID_OPTION', `Keys do not pick shards in the topic "${topic.name}": ask by shard.`);
  }
  const shard = topic.shards[number];
  const max = query.max ?? Number.POSITIVE_INFINITY;
  if (!(max >= 0)) fail('INVALID_OPTION', `max is ${String(query.max)}; it must be 0 or more.`);
  const { run, copied } = workplace(topic, number);
  const end = shard.published();
  let from = earliest(shard, {
    records: topic.options.retentionRecords,
    bytes: topic.options.retentionBytes,
  });
  if (!byKey) from = newest(shard, from, max);
  copied.take(from, Math.max(0, (end - from) | 0), run);
  return byKey ? pick(number, run, max, query.key) : pick(number, run, max, undefined);
}

function pick(shard: number, run: SlotRun, max: number, key: string | undefined): Snapshot {
  const view = new RecordView();
  let bytes = 0;
  let count = 0;
  const chosen = new Int32Array(run.count);
  for (let i = run.count - 1; i >= 0 && count < max; i--) {
    if (run.kind(i) !== 0) continue;
    if (key !== undefined && run.view(i, view).key !== key) continue;
    chosen[count++] = i;
    bytes += run.storedBytes(i);
  }
  let at = slab.take(bytes);
  if (at < 0) {
    slab = new Slab(Math.max(SLAB_BYTES, bytes));
    at = slab.take(bytes);
  }
  const memory = slab;
  const addresses = new Int32Array(count);
  const offsets = new Float64Array(count);
  for (let to = 0; to < count; to++) {
    const index = chosen[count - 1 - to];
    const from = run.address(index);
    const length = run.storedBytes(index);
    memory.u8.set(run.memory.u8.subarray(from, from + length), at);
    addresses[to] = at;
    offsets[to] = run.offset + index;
    at += length;
  }
  return new Snapshot(shard, memory, addresses, offsets, count);
}
