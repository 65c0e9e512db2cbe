import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import { Appender, cellState, takeCell } from './appender.ts';
import { GroupCursor } from './group-cursor.ts';
import { GroupReader } from './group-reader.ts';
import { KERNEL, KIND } from './layout.ts';
import { ShardOwner } from './owner.ts';
import { Shard } from './shard.ts';

/** What stands at an offset: the value of a record, or a control record. */
type Entry = string | null;

const PRODUCERS = 3;
const GROUPS = 2;
const FIRST_OFFSETS = [0, 2 ** 30 - 5, 2 ** 31 - 9, 2 ** 32 - 9, 2 ** 44 + 3];

const producer = fc.integer({ min: 1, max: PRODUCERS });
const group = fc.nat(GROUPS - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      producer,
      sizes: fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('control' as const), producer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), producer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), producer }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('poll' as const),
      group,
      max: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), group, back: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind' as const), group }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('seek' as const), group, by: fc.nat(9) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Reading {
  readonly reader: GroupReader;
  next: number;
  committed: number;
  /** Slots since `from` that were delivered or are known to be lost, counted once each. */
  accounted: number;
  from: number;
}

/** A shard, and beside it a plain list of what it should hold. */
class Model {
  readonly log: Entry[] = [];
  private readonly shard: Shard;
  private readonly owner: ShardOwner;
  private readonly first: number;
  private readonly readings: Reading[];
  private readonly writer = new RecordWriter({ maxRecordBytes: 256 });
  private readonly staging: number;
  private readonly overwrite: boolean;

  constructor(overwrite: boolean, firstOffset: number) {
    this.overwrite = overwrite;
    this.first = firstOffset;
    this.shard = Shard.create({
      shard: 0,
      slots: 16,
      dataBytes: 2_048,
      maxRecordBytes: 512,
      producers: PRODUCERS + 2,
      groups: GROUPS,
      members: 1,
      overwrite,
      firstOffset,
    });
    this.owner = new ShardOwner(this.shard, 99);
    this.staging = this.shard.scratch.alloc(1_024);
    this.readings = Array.from({ length: GROUPS }, (_, id) => {
      const cursor = new GroupCursor(this.shard, id);
      cursor.open(this.shard.published(), 1);
      return { reader: new GroupReader(cursor, 0), next: 0, committed: 0, accounted: 0, from: 0 };
    });
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'append':
        this.append(step.producer, step.sizes);
        break;
      case 'control':
        this.control(step.producer);
        break;
      case 'end':
        this.end(step.producer);
        break;
      case 'die':
        this.die(step.producer);
        break;
      case 'poll':
        this.poll(this.readings[step.group], step.max);
        break;
      case 'commit':
        this.commit(this.readings[step.group], step.back);
        break;
      case 'rewind':
        this.rewind(this.readings[step.group]);
        break;
      case 'seek':
        this.seek(this.readings[step.group], step.by);
        break;
    }
  }

  check(): void {
    this.owner.step(0);
    const { shard } = this;
    this.adoptMarkers();
    expect(shard.published()).toBe(shard.claimed());
    expect(shard.offsetOf(shard.published())).toBe(this.first + this.log.length);
  }

  close(): void {
    for (const { reader } of this.readings) reader.close();
    this.shard.scratch.free(this.staging, 1_024);
  }

  private appender(id: number): Appender {
    if (cellState(this.shard, id) === KERNEL.CELL_FREE) takeCell(this.shard, id, id);
    return new Appender(this.shard, id);
  }

  private append(id: number, sizes: readonly number[]): void {
    if (cellState(this.shard, id) > KERNEL.CELL_LIVE) return;
    const entries = sizes.map((size, i) => `${this.log.length + i}`.padEnd(size, '.'));
    let bytes = 0;
    for (const entry of entries) {
      const at = this.staging + bytes;
      bytes += this.writer.write(this.shard.scratch, at, 256, null, entry, 0, null);
    }
    const appender = this.appender(id);
    const before = this.log.length;
    const room = this.hasRoom(entries.length, bytes);
    const result = appender.append(this.staging, entries.length, bytes);
    expect(result === KERNEL.FULL).toBe(!room);
    if (!room) return;
    expect(this.shard.offsetOf(appender.lastSequence())).toBe(this.first + before);
    this.log.push(...entries);
  }

  /** Whether `count` records of `bytes` together pass what the groups still hold. */
  private hasRoom(count: number, bytes: number): boolean {
    const { shard, log } = this;
    const held = this.overwrite ? log.length : Math.min(...this.readings.map(r => r.committed));
    const granule = shard.granuleOf(shard.sequenceOf(this.first + held));
    const end = shard.i32[(KERNEL.TAIL >> 2) + 1] + bytes / 8;
    return log.length + count - held <= 15 && end - granule <= 2_048 / 8;
  }

  private control(id: number): void {
    if (cellState(this.shard, id) > KERNEL.CELL_LIVE) return;
    const result = this.appender(id).appendControl(KIND.watermark, 5);
    if (result !== KERNEL.FULL) this.log.push(null);
  }

  private end(id: number): void {
    if (cellState(this.shard, id) !== KERNEL.CELL_LIVE) return;
    new Appender(this.shard, id).end(0);
    this.adoptMarkers();
  }

  private die(id: number): void {
    this.owner.threadExited(id);
    this.owner.step(0);
    this.adoptMarkers();
  }

  /** Markers that the owner appended by itself. */
  private adoptMarkers(): void {
    const end = this.shard.offsetOf(this.shard.published()) - this.first;
    while (this.log.length < end) this.log.push(null);
  }

  private poll(reading: Reading, max: number): void {
    const { reader } = reading;
    this.adoptMarkers();
    const count = reader.poll(max);
    const lost = reader.lost;
    if (count === 0) {
      expect(reading.next).toBe(this.log.length);
      return;
    }
    const start = reader.run.offset - this.first;
    expect(start - reading.next).toBe(lost);
    if (!this.overwrite) expect(lost).toBe(0);
    expect(count).toBeLessThanOrEqual(max);
    const view = new RecordView();
    for (let i = 0; i < count; i++) {
      const entry = reader.run.kind(i) === KIND.data ? reader.run.view(i, view).text : null;
      expect(entry).toBe(this.log[start + i]);
    }
    reading.next = start + count;
    reading.accounted += count + lost;
    expect(reading.accounted).toBe(reading.next - reading.from);
  }

  private commit(reading: Reading, back: number): void {
    const to = Math.max(reading.committed, reading.next - back);
    reading.reader.commit(this.shard.sequenceOf(this.first + to));
    reading.committed = to;
    this.expectCommitted(reading);
  }

  private rewind(reading: Reading): void {
    reading.reader.rewind();
    reading.accounted -= reading.next - reading.committed;
    reading.next = reading.committed;
    this.expectCommitted(reading);
  }

  private seek(reading: Reading, by: number): void {
    const oldest = this.shard.offsetOf(this.shard.physicalEarliest()) - this.first;
    const to = Math.min(Math.max(oldest, 0) + by, this.log.length);
    const from = reading.reader.seek(this.shard.sequenceOf(this.first + to), 50);
    this.adoptMarkers();
    reading.next = this.shard.offsetOf(from) - this.first;
    expect(reading.next).toBeGreaterThanOrEqual(to);
    reading.committed = reading.next;
    reading.from = reading.next;
    reading.accounted = 0;
  }

  private expectCommitted(reading: Reading): void {
    const { cursor } = reading.reader;
    expect(this.shard.offsetOf(cursor.committed()) - this.first).toBe(reading.committed);
  }
}

for (const overwrite of [false, true]) {
  const name = overwrite ? 'overwriting' : 'gated by its groups';
  test(`a shard, ${name}, is a log: what was appended, in order, once, or counted as lost`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FIRST_OFFSETS),
        fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
        (firstOffset, steps) => {
          const model = new Model(overwrite, firstOffset);
          try {
            for (const one of steps) {
              model.run(one);
              model.check();
            }
          } finally {
            model.close();
          }
        },
      ),
      { numRuns: 150 },
    );
  });
}
