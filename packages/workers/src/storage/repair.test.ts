import { describe, expect, test } from 'vitest';
import { FRAME, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { findLogs, inspectLog } from './inspect.ts';
import { repairLog } from './repair.ts';
import { ShardLog } from './shard-log.ts';
import { SimulatedDisk } from './testing/simulated-disk.ts';
import { runOf } from './testing/slots.ts';

const DIRECTORY = '/engine/topics/orders/3';
const OPTIONS = { shard: 3, identity: 8, segmentBytes: 2_000 };

function filled(): { disk: SimulatedDisk; log: ShardLog } {
  const disk = new SimulatedDisk();
  const log = ShardLog.open(disk, DIRECTORY, OPTIONS);
  for (let i = 0; i < 100; i++) log.append(runOf(i, [{ value: `v${i}`, timestamp: i }]));
  log.close();
  return { disk, log };
}

/** The values that can be read. */
function valuesOf(log: ShardLog): string[] {
  const found: string[] = [];
  let next = log.firstOffset;
  for (let run = log.read(next); run !== undefined; run = log.read(next)) {
    const { memory } = run;
    for (let i = 0; i < run.count; i++) {
      if (run.kind(i) !== 0) continue;
      const at = run.address(i);
      found.push(memory.buffer.toString('latin1', at + 48, at + 48 + memory.i32[(at + 44) >> 2]));
    }
    next = run.offset + run.count;
  }
  return found;
}

describe('inspecting', () => {
  test('tells what a sound log holds, and changes nothing', () => {
    const { disk, log } = filled();
    const steps = disk.history.length;
    const found = inspectLog(disk, DIRECTORY);
    expect(found).toMatchObject({ firstOffset: 0, endOffset: 100, durableOffset: 100 });
    expect(found.damages).toEqual([]);
    expect(found.segments.length).toBe(log.segments.length + 1);
    expect(found.segments.reduce((sum, { records }) => sum + records, 0)).toBe(100);
    expect(findLogs(disk, '/engine')).toEqual([DIRECTORY]);
    expect(disk.history.length).toBe(steps);
    expect(repairLog(disk, DIRECTORY).rewritten).toEqual([]);
  });

  test('tells a torn tail from damage', () => {
    const { disk } = filled();
    const [path] = inspectLog(disk, DIRECTORY)
      .segments.map(segment => segment.path)
      .slice(-1);
    disk.damage(path, bytes => Buffer.concat([bytes, Buffer.from('half a frame')]));
    expect(inspectLog(disk, DIRECTORY)).toMatchObject({ tornBytes: 12, damages: [] });
  });
});

describe('repair', () => {
  const damages: [string, (disk: SimulatedDisk, log: ShardLog) => void][] = [
    ['a flipped bit in a frame', (disk, log) => flip(disk, log.segments[1].path, 700)],
    ['a header that is gone', (disk, log) => flip(disk, log.segments[1].path, 20)],
    ['a seal that is cut', (disk, log) => cut(disk, log.segments[0].path, 30)],
    ['a segment that is missing', (disk, log) => disk.remove(log.segments[1].path)],
    ['a first segment that is missing', (disk, log) => disk.remove(log.segments[0].path)],
    ['an end that is cut', disk => cut(disk, lastOf(disk), 300)],
    ['a last segment of which only the name is left', disk => cut(disk, lastOf(disk), 1e9)],
  ];
  test.each(damages)('after %s keeps all that is whole, at its offsets', (_, damage) => {
    const { disk, log } = filled();
    damage(disk, log);
    const use = () => valuesOf(ShardLog.open(new SimulatedDisk(disk), DIRECTORY, OPTIONS));
    expect(use).toThrow('damaged');
    const report = repairLog(disk, DIRECTORY);
    expect(report.copies).toHaveLength(report.rewritten.length);
    const opened = ShardLog.open(disk, DIRECTORY, OPTIONS);
    const lost = report.lost.reduce((sum, { from, to }) => sum + to - from, 0);
    const values = valuesOf(opened);
    expect(values).toHaveLength(100 - lost);
    expect(opened.endOffset).toBe(100);
    expect(values.at(-1)).toBe(report.lost.at(-1)?.to === 100 ? values.at(-1) : 'v99');
    opened.append(runOf(100, [{ value: 'more' }]));
    opened.close();
    expect(inspectLog(disk, DIRECTORY).damages).toEqual([]);
    expect(repairLog(disk, DIRECTORY).rewritten).toEqual([]);
  });

  test('does not hand out offsets again that were lost with everything else', () => {
    const { disk } = filled();
    for (const name of disk.readDirectory(DIRECTORY)) {
      if (name !== 'marks') disk.remove(`${DIRECTORY}/${name}`);
    }
    expect(repairLog(disk, DIRECTORY)).toMatchObject({ lost: [{ from: 0, to: 100 }] });
    expect(ShardLog.open(disk, DIRECTORY, OPTIONS).endOffset).toBe(100);
  });
});

function flip(disk: SimulatedDisk, path: string, at: number): void {
  disk.damage(path, bytes => {
    bytes[at] ^= 4;
    return bytes;
  });
}

function cut(disk: SimulatedDisk, path: string, bytes: number): void {
  disk.damage(path, whole => whole.subarray(0, Math.max(0, whole.length - bytes)));
}

function lastOf(disk: SimulatedDisk): string {
  const { path, bytes } = inspectLog(disk, DIRECTORY).segments.at(-1) ?? { path: '', bytes: 0 };
  expect(bytes).toBeGreaterThan(SEGMENT_HEADER_BYTES + FRAME.body);
  return path;
}
