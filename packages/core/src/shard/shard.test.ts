import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { RecordWriter } from '../record/writer.ts';
import { Appender, takeCell } from './appender.ts';
import { CONSTANT, KERNEL, KIND, planShard } from './layout.ts';
import { earliest, newest } from './retention.ts';
import { Shard, type ShardOptions } from './shard.ts';

const small: ShardOptions = {
  shard: 3,
  slots: 16,
  dataBytes: 1_024,
  maxRecordBytes: 256,
  producers: 3,
  groups: 2,
  members: 2,
  overwrite: true,
};

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof StreamError ? error.code : String(error);
  }
  return undefined;
}

/** Appends records of 56 bytes. */
function fill(shard: Shard, records: number): void {
  takeCell(shard, 1, 1);
  const appender = new Appender(shard, 1);
  const writer = new RecordWriter({ maxRecordBytes: 256 });
  const at = shard.scratch.alloc(256);
  for (let i = 0; i < records; i++) {
    const bytes = writer.write(shard.scratch, at, 256, null, '1234', i, null);
    expect(bytes).toBe(56);
    expect(appender.append(at, 1, bytes)).toBe(0);
  }
  shard.scratch.free(at, 256);
}

describe('making and attaching', () => {
  test('every thread sees the same shard', () => {
    const shard = Shard.create(small);
    fill(shard, 2);
    const other = Shard.attach(shard.memory);
    expect(other.published()).toBe(2);
    expect(other.number).toBe(3);
    expect(other.overwrite).toBe(true);
    expect(shard.plan).toMatchObject(other.plan);
  });

  test('memory of another kind, version or size is refused', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    expect(codeOf(() => Shard.attach(memory))).toBe('LAYOUT_MISMATCH');
    const version = Shard.create(small);
    version.i32[CONSTANT.version >> 2] = 99;
    expect(codeOf(() => Shard.attach(version.memory))).toBe('LAYOUT_MISMATCH');
    const size = Shard.create(small);
    size.i32[CONSTANT.byteLength >> 2] += 8;
    expect(codeOf(() => Shard.attach(size.memory))).toBe('LAYOUT_MISMATCH');
  });

  test('what no memory can hold is an error that says so', () => {
    const huge = { ...small, dataBytes: 2 ** 30, groups: 2 ** 21, members: 16 };
    expect(codeOf(() => Shard.create(huge))).toBe('OUT_OF_MEMORY');
  });

  test('a geometry outside its ranges is refused', () => {
    for (const wrong of [
      { slots: 3 },
      { slots: 1 },
      { slots: 2 ** 25 },
      { dataBytes: 100 },
      { dataBytes: 32 },
      { maxRecordBytes: 12 },
      { maxRecordBytes: 24 },
      { maxRecordBytes: 2_048 },
      { producers: 1 },
      { producers: 4_097 },
    ]) {
      expect(codeOf(() => planShard({ ...small, ...wrong }))).toBe('INVALID_OPTION');
    }
  });

  test('a poisoned shard says so', () => {
    const shard = Shard.create(small);
    shard.checkAlive();
    shard.setState(KERNEL.STATE_POISONED);
    expect(codeOf(() => shard.checkAlive())).toBe('SHARD_POISONED');
  });
});

describe('offsets', () => {
  test('sequences within 2^31 of the end extend to offsets, also where the era lags by a step', () => {
    for (const first of [0, 2 ** 30 - 1, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 45 + 5]) {
      const shard = Shard.create({ ...small, firstOffset: first });
      expect(shard.offsetOf(shard.published())).toBe(first);
      fill(shard, 4);
      for (let i = 0; i < 4; i++) {
        expect(shard.offsetOf(shard.sequenceOf(first + i))).toBe(first + i);
      }
      if (first < 2 ** 30) continue;
      shard.i32[KERNEL.ERA >> 2]--;
      expect(shard.offsetOf(shard.published())).toBe(first + 4);
    }
  });
});

describe('what the ring still holds', () => {
  test('is bound by slots where records are small', () => {
    const shard = Shard.create({ ...small, dataBytes: 4_096 });
    expect(shard.physicalEarliest()).toBe(0);
    fill(shard, 10);
    expect(shard.physicalEarliest()).toBe(0);
    fill(shard, 90);
    expect(shard.physicalEarliest()).toBe(100 - 15);
  });

  test('is bound by bytes where they are large', () => {
    const shard = Shard.create({ ...small, slots: 64 });
    fill(shard, 100);
    expect(shard.physicalEarliest()).toBe(100 - Math.floor(1_024 / 56));
  });

  test('and retention by records or bytes holds less', () => {
    const shard = Shard.create({ ...small, dataBytes: 4_096 });
    fill(shard, 100);
    expect(earliest(shard, {})).toBe(85);
    expect(earliest(shard, { records: 3 })).toBe(97);
    expect(earliest(shard, { records: 99 })).toBe(85);
    expect(earliest(shard, { bytes: 56 * 4 })).toBe(96);
    expect(earliest(shard, { bytes: 56 * 5 - 1 })).toBe(96);
    expect(earliest(shard, { bytes: 56 * 99 })).toBe(85);
    expect(earliest(shard, { bytes: 56 * 5, records: 2 })).toBe(98);
    shard.i32[KERNEL.EARLIEST >> 2] = 99;
    expect(earliest(shard, { records: 3 })).toBe(99);
  });

  test('control records do not count as records of users', () => {
    const shard = Shard.create({ ...small, dataBytes: 4_096 });
    fill(shard, 3);
    new Appender(shard, 1).appendControl(KIND.watermark, 5);
    fill(shard, 1);
    expect(newest(shard, 0, 2)).toBe(2);
    expect(newest(shard, 4, 9)).toBe(4);
    expect(shard.isData(2)).toBe(true);
    expect(shard.isData(3)).toBe(false);
  });
});
