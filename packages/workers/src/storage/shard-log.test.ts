import type { StreamError } from '@lite-streams/core';
import { RecordView } from '@lite-streams/core/internal';
import { describe, expect, test } from 'vitest';
import { FlushOrder } from '../protocol/flush-order.ts';
import { SEGMENT, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { checksum } from './frame-writer.ts';
import { segmentName, segmentPath, UNFINISHED } from './segment.ts';
import { ShardLog, type ShardLogOptions } from './shard-log.ts';
import { ShardLogReader } from './shard-log-reader.ts';
import { seededRandom } from './testing/random.ts';
import { refusal, SimulatedDisk } from './testing/simulated-disk.ts';
import { runOf, type TestSlot } from './testing/slots.ts';

const DIRECTORY = '/log/0';
const SMALL = { segmentBytes: 2_000 };

function openLog(options: ShardLogOptions = {}, disk = new SimulatedDisk()) {
  return { disk, log: ShardLog.open(disk, DIRECTORY, options) };
}

function append(log: ShardLog, slots: readonly TestSlot[]): void {
  log.append(runOf(log.endOffset, slots));
}

function values(count: number, from = 0): TestSlot[] {
  return Array.from({ length: count }, (_, i) => ({ value: `v${from + i}`, timestamp: from + i }));
}

/** `offset key=value` of every data record. */
function contents(log: ShardLog | ShardLogReader, from: number): string[] {
  const view = new RecordView();
  const found: string[] = [];
  let next = from;
  for (let run = log.read(next); run !== undefined; run = log.read(next)) {
    for (let i = 0; i < run.count; i++) {
      if (run.kind(i) !== 0) continue;
      const { key, text, hasValue } = run.view(i, view);
      found.push(`${run.offset + i} ${key ?? ''}=${hasValue ? text : 'gone'}`);
    }
    next = run.offset + run.count;
  }
  return found;
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return (error as StreamError).code;
  }
  return undefined;
}

describe('a log', () => {
  test('gives back the very slots that were appended', () => {
    for (const compress of [false, true]) {
      const { log } = openLog({ compress });
      append(log, [
        { key: 'a', value: 'x'.repeat(400), timestamp: -5, producer: 7 },
        { aborted: true },
        { kind: 2, timestamp: 9, producer: 8 },
        { value: null, timestamp: 2 ** 53 - 1 },
      ]);
      const run = log.read(0);
      expect(run?.count).toBe(4);
      expect([0, 1, 2, 3].map(i => run?.kind(i))).toEqual([0, -1, 2, 0]);
      expect(run?.producer(2)).toBe(8);
      const first = run?.view(0, new RecordView()).copy();
      expect(first).toMatchObject({ key: 'a', timestamp: -5, offset: 0 });
      expect(run?.view(3, new RecordView()).timestamp).toBe(2 ** 53 - 1);
      expect(log.read(4)).toBeUndefined();
    }
  });

  test('goes on where it was closed, across segments', () => {
    const { disk, log } = openLog(SMALL);
    for (let i = 0; i < 100; i++) append(log, values(1, i));
    log.close();
    const again = ShardLog.open(disk, DIRECTORY, SMALL);
    expect([again.endOffset, again.durableOffset, again.firstOffset]).toEqual([100, 100, 0]);
    expect(again.segments.length).toBeGreaterThan(3);
    append(again, values(1, 100));
    expect(contents(again, 0)).toHaveLength(101);
    expect(contents(again, 97)[0]).toBe('97 =v97');
  });

  test('may begin anywhere', () => {
    const { disk, log } = openLog({ firstOffset: 2 ** 40 });
    append(log, values(2));
    log.close();
    expect(ShardLog.open(disk, DIRECTORY).endOffset).toBe(2 ** 40 + 2);
    expect(contents(ShardLog.open(disk, DIRECTORY), 2 ** 40)).toHaveLength(2);
  });

  test('takes records that are larger than a frame, and than a segment', () => {
    const { log } = openLog({ segmentBytes: 100_000 });
    append(log, [{ value: 'a'.repeat(400_000) }, { value: 'b'.repeat(500_000) }, { value: 'c' }]);
    const lengths = contents(log, 0).map(line => line.length);
    expect(lengths).toEqual([400_003, 500_003, 4]);
  });

  test('tells everything below what it has flushed as durable, and no more', () => {
    const { log, disk } = openLog();
    append(log, values(3));
    expect([log.endOffset, log.durableOffset]).toEqual([3, 0]);
    expect(log.sync()).toBe(3);
    const reader = new ShardLogReader(disk, DIRECTORY, { shard: 0, identity: 0 });
    append(log, values(1));
    expect(reader.durableOffset()).toBe(3);
    expect(contents(reader, 0)).toHaveLength(4);
  });

  test('gets past many offsets that hold nothing', () => {
    const { log } = openLog();
    append(log, values(1));
    for (let i = 0; i < 9; i++)
      append(
        log,
        Array.from({ length: 20_000 }, () => ({ aborted: true })),
      );
    append(log, values(1));
    expect(contents(log, 0)).toEqual(['0 =v0', '180001 =v0']);
    expect(contents(log, 90_000)).toEqual(['180001 =v0']);
  });
});

describe('seeking', () => {
  test('finds the first record of at least a timestamp, in any segment', () => {
    const { log, disk } = openLog(SMALL);
    for (let i = 0; i < 200; i++) append(log, [{ value: 'v', timestamp: (i ^ 3) * 10 }]);
    const expected = (t: number) =>
      Array.from({ length: 200 }, (_, i) => i).find(i => (i ^ 3) * 10 >= t);
    for (const t of [-1, 0, 5, 500, 995, 1990]) expect(log.offsetOfTimestamp(t)).toBe(expected(t));
    expect(log.offsetOfTimestamp(1_991)).toBeUndefined();
    // Without an index it is made anew.
    for (const name of disk.readDirectory(DIRECTORY)) {
      if (name.endsWith('.index')) disk.remove(`${DIRECTORY}/${name}`);
    }
    const reader = new ShardLogReader(disk, DIRECTORY, { shard: 0, identity: 0 });
    for (const t of [0, 500, 995]) expect(reader.offsetOfTimestamp(t)).toBe(expected(t));
    expect(contents(reader, 150)).toHaveLength(50);
  });

  test('below the first offset is refused', () => {
    const { log } = openLog({ firstOffset: 10 });
    expect(codeOf(() => log.read(9))).toBe('OFFSET_OUT_OF_RANGE');
  });
});

describe('a reader', () => {
  test('follows a writer from segment to segment', () => {
    const { log, disk } = openLog(SMALL);
    const reader = new ShardLogReader(disk, DIRECTORY, { shard: 0, identity: 0 });
    let read = 0;
    for (let i = 0; i < 300; i++) {
      append(log, values(1, i));
      const run = reader.read(read);
      expect(run?.offset).toBe(read);
      read += run?.count ?? 0;
      expect(reader.read(read)).toBeUndefined();
    }
    expect(read).toBe(300);
  });

  test('goes on when segments were joined behind its back', () => {
    const { log, disk } = openLog(SMALL);
    const reader = new ShardLogReader(disk, DIRECTORY, { shard: 0, identity: 0 });
    for (let i = 0; i < 200; i++) append(log, [{ key: `k${i % 3}`, value: `v${i}` }]);
    expect(reader.read(0, 1)?.count).toBe(1);
    log.compact();
    expect(contents(reader, 1).at(-1)).toBe('199 k1=v199');
  });
});

describe('retention', () => {
  const filled = (now?: () => number) => {
    const { log } = openLog({ ...SMALL, now });
    for (let i = 0; i < 100; i++) append(log, values(1, i));
    return log;
  };

  test('by records leaves as many, and whole segments', () => {
    const log = filled();
    const first = log.retain({ records: 40 });
    expect(first).toBeLessThanOrEqual(60);
    expect(first).toBeGreaterThan(30);
    expect(contents(log, first)).toHaveLength(100 - first);
  });

  test('by bytes', () => {
    const log = filled();
    log.retain({ bytes: 5_000 });
    expect(log.bytes).toBeGreaterThanOrEqual(5_000);
    expect(log.bytes).toBeLessThan(5_000 + SMALL.segmentBytes);
  });

  test('by age, of the segment that is appended to as well', () => {
    let now = 1_000;
    const log = filled(() => now);
    now = 5_000;
    expect(log.retain({ ageMs: 4_000 })).toBe(0);
    now = 5_001;
    expect(log.retain({ ageMs: 4_000 })).toBe(100);
    append(log, values(1));
    expect(contents(log, 100)).toEqual(['100 =v0']);
  });

  test('never takes what somebody needs', () => {
    expect(filled().retain({ bytes: 0, keepFrom: 50 })).toBeLessThanOrEqual(50);
  });
});

describe('compaction', () => {
  test('leaves the last value of every key, at its offset', () => {
    for (const compress of [false, true]) {
      const { disk, log } = openLog({ ...SMALL, compress });
      for (let i = 0; i < 300; i++) append(log, [{ key: `k${i % 5}`, value: `v${i}` }]);
      append(log, [{ value: 'without a key' }, { kind: 2, timestamp: 4 }]);
      const end = log.segments.at(-1)?.endOffset ?? 0;
      const { removed, bytesAfter, bytesBefore } = log.compact();
      expect(removed).toBe(end - 5);
      expect(bytesAfter).toBeLessThan(bytesBefore / 5);
      const lines = contents(log, 0);
      expect(lines.slice(0, 5)).toEqual(
        [5, 4, 3, 2, 1].map(back => `${end - back} k${(end - back) % 5}=v${end - back}`),
      );
      expect(lines).toHaveLength(5 + 301 - end);
      expect(log.compact().removed).toBe(0);
      log.close();
      expect(contents(ShardLog.open(disk, DIRECTORY, SMALL), 0)).toEqual(lines);
    }
  });

  test('forgets a key that is gone, after a while', () => {
    let now = 0;
    const { log } = openLog({ ...SMALL, now: () => now });
    append(log, [
      { key: 'a', value: '1' },
      { key: 'a', value: null },
      { value: 'x'.repeat(2_000) },
    ]);
    append(log, values(1));
    log.compact({ tombstoneMs: 10 });
    expect(contents(log, 0)[0]).toBe('1 a=gone');
    now = 11;
    log.compact({ tombstoneMs: 10 });
    expect(contents(log, 0)[0]).toMatch(/^2 =x/);
  });

  test('leaves what it has no room to remember', () => {
    const { log } = openLog(SMALL);
    for (let i = 0; i < 100; i++) append(log, [{ key: `k${i % 50}`, value: 'v' }]);
    const { removed } = log.compact({ mostKeys: 10 });
    expect(removed).toBe(0);
    expect(contents(log, 0)).toHaveLength(100);
  });
});

test('a disk that nobody waits for is told to begin every 8 MiB, and not of what was flushed', () => {
  const disk = new SimulatedDisk();
  const asked: string[] = [];
  const hinted = Object.assign(disk, {
    flushAhead: (path: string) => {
      asked.push(path);
      return { isDone: true, settle: () => {} };
    },
  });
  const log = ShardLog.open(hinted, DIRECTORY);
  const half: TestSlot[] = [{ value: 'x'.repeat(2 ** 19), timestamp: 1 }];
  for (let i = 0; i < 33; i++) append(log, half);
  const path = `${DIRECTORY}/${segmentName(0)}`;
  expect(asked).toEqual([path, path]);
  for (let i = 0; i < 33; i++) {
    append(log, half);
    log.sync();
  }
  expect(asked).toHaveLength(2);
});

describe('a flush ahead', () => {
  function ahead() {
    const disk = new SimulatedDisk();
    const orders: FlushOrder[] = [];
    const hinted = Object.assign(disk, {
      flushAhead: () => {
        orders.push(new FlushOrder());
        return orders[orders.length - 1];
      },
    });
    const log = ShardLog.open(hinted, DIRECTORY, { segmentBytes: 32 * 2 ** 20 });
    const write = (mebibytes: number) => {
      for (let i = 0; i < 2 * mebibytes; i++) {
        append(log, [{ value: 'x'.repeat(2 ** 19), timestamp: 1 }]);
      }
    };
    write(9);
    return { log, write, order: orders[0], orders };
  }

  test.each(['sync', 'finishing a segment', 'close'])(
    'that failed fails %s, though its own flush is told nothing, and stops the log',
    how => {
      const { log, write, order } = ahead();
      order.begin();
      order.end(true);
      const durable = log.durableOffset;
      const work = () => (how === 'sync' ? log.sync() : how === 'close' ? log.close() : write(30));
      expect(codeOf(work)).toBe('STORAGE_FAILED');
      expect(codeOf(() => log.sync())).toBe('STORAGE_FAILED');
      expect(log.durableOffset).toBe(durable);
    },
  );

  test.each(['sync', 'finishing a segment'])('that has not begun is taken back by %s', how => {
    const { log, write, order } = ahead();
    if (how === 'sync') log.sync();
    else write(30);
    expect(order.begin()).toBe(false);
  });

  test('is asked for again once the one before is done', () => {
    const { write, order, orders } = ahead();
    order.begin();
    write(9);
    expect(orders).toHaveLength(1);
    order.end(false);
    write(1);
    expect(orders).toHaveLength(2);
  });
});

describe('a disk that refuses', () => {
  const cases: [string, string][] = [
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['dataSync', 'EIO'],
    ['create', 'ENOSPC'],
    ['syncDirectory', 'EIO'],
  ];
  test.each(cases)('at %s with %s stops the log; what was acknowledged is there', (kind, code) => {
    for (let grace = 0; grace < 12; grace++) {
      const { disk, log } = openLog(SMALL);
      let left = grace;
      let flushes = 0;
      disk.beforeStep = (_, operation) => {
        if (operation.kind !== kind || left-- > 0) return;
        if (operation.kind === 'dataSync') flushes++;
        throw refusal(code, DIRECTORY);
      };
      let acknowledged = 0;
      const work = (): never => {
        for (;;) {
          append(log, values(3, log.endOffset));
          acknowledged = log.sync();
        }
      };
      expect(codeOf(work)).toBe('STORAGE_FAILED');
      expect(codeOf(work)).toBe('STORAGE_FAILED');
      expect(codeOf(() => log.sync())).toBe('STORAGE_FAILED');
      log.close();
      expect(flushes).toBeLessThanOrEqual(1);
      disk.beforeStep = undefined;
      const again = ShardLog.open(disk, DIRECTORY, SMALL);
      expect(again.endOffset).toBeGreaterThanOrEqual(acknowledged);
      expect(contents(again, 0)).toHaveLength(again.endOffset);
    }
  });
});

describe('a directory that does not fit', () => {
  test('of another shard or topic is refused', () => {
    const { disk, log } = openLog({ shard: 1, identity: 5 });
    log.close();
    expect(codeOf(() => openLog({ shard: 2, identity: 5 }, disk))).toBe('STORAGE_MISMATCH');
    expect(codeOf(() => openLog({ shard: 1, identity: 6 }, disk))).toBe('STORAGE_MISMATCH');
    expect(codeOf(() => openLog({ shard: 1 }, disk))).toBeUndefined();
  });

  test('of another format version is refused', () => {
    const { disk, log } = openLog();
    append(log, values(1));
    log.close();
    disk.damage(`${DIRECTORY}/${segmentName(0)}`, bytes => {
      bytes.writeInt32LE(2, SEGMENT.version);
      bytes.writeInt32LE(checksum(bytes, SEGMENT_HEADER_BYTES), SEGMENT.checksum);
      return bytes;
    });
    expect(codeOf(() => openLog({}, disk))).toBe('STORAGE_MISMATCH');
  });

  test('with a segment missing is refused, and nothing is changed', () => {
    const { disk, log } = openLog(SMALL);
    for (let i = 0; i < 100; i++) append(log, values(1, i));
    log.close();
    const [first, second] = log.segments;
    for (const { path } of [first, second]) {
      const broken = new SimulatedDisk(disk);
      broken.remove(path);
      const steps = broken.history.length;
      expect(codeOf(() => openLog(SMALL, broken))).toBe('LOG_DAMAGED');
      expect(broken.history.length).toBe(steps);
    }
  });

  test('without its marks is opened by what its frames say', () => {
    const { disk, log } = openLog(SMALL);
    append(log, values(5));
    log.close();
    disk.remove(`${DIRECTORY}/marks`);
    expect(openLog(SMALL, disk).log.endOffset).toBe(5);
  });
});

test('what an earlier attempt left of a segment never comes to stand in the place of one', () => {
  const left = new SimulatedDisk();
  left.makeDirectory(DIRECTORY);
  const torn = left.openFile(segmentPath(DIRECTORY, 0) + UNFINISHED, 'create');
  torn.write(Buffer.from('half a header'), 0);
  torn.dataSync();
  left.syncDirectory(DIRECTORY);
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const disk = new SimulatedDisk(left);
    ShardLog.open(disk, DIRECTORY);
    const image = disk.image(random.below(disk.history.length + 1), 'disordered', random);
    expect(ShardLog.open(image, DIRECTORY).endOffset).toBe(0);
  }
});
