import type { Epoch } from '@lite-streams/core/ground';
import { describe, expect, test } from 'vitest';
import { EpochFiles } from './epoch-files.ts';
import { seededRandom } from './testing/random.ts';
import { type CrashMode, SimulatedDisk } from './testing/simulated-disk.ts';

const MODES: readonly CrashMode[] = ['process', 'power', 'disordered'];

function epochOf(number: number, bytes = 700): Epoch {
  const section = { group: number % 128, bytes: new Uint8Array(bytes).fill(number) };
  return {
    pipeline: 'sums/of it',
    epoch: number,
    lineage: 'first',
    tasks: [
      {
        stage: 'from',
        index: 0,
        tasks: 1,
        ended: false,
        source: { topic: 'in', shard: 0, position: number * 100 },
        steps: [{ step: 'sum', kind: 'tumbling', sections: [section], layers: 1 }],
        outputs: [],
        deliveries: [],
      },
    ],
  };
}

/** Epochs of a step that is written whole each time beside one of which `layers` snapshots are needed. */
function layered(count: number, layers: number, wholeBytes: number): Epoch[] {
  const changes = Array.from({ length: count }, (_, at) => ({
    ...epochOf(at + 1).tasks[0].steps[0],
    step: 'changes',
    layers: Math.min(at + 1, layers),
  }));
  return changes.map((_, at) => {
    const whole = epochOf(at + 1, wholeBytes);
    const steps = [...whole.tasks[0].steps, ...changes.slice(Math.max(0, at + 1 - layers), at + 1)];
    return { ...whole, tasks: [{ ...whole.tasks[0], steps }] };
  });
}

/** Commits epochs and tells, for each length of the disk's history, which one was committed by then. */
function committing(
  disk: SimulatedDisk,
  count: number,
  epochs: readonly Epoch[] = Array.from({ length: count }, (_, at) => epochOf(at + 1)),
): number[] {
  const files = new EpochFiles(disk, '/data');
  const committed = [0];
  for (let number = 1; number <= count; number++) {
    files.commit(epochs[number - 1]);
    while (committed.length < disk.history.length) committed.push(number - 1);
    committed.push(number);
  }
  return committed;
}

/** The epoch that is there after a crash, or why there is none. */
function after(disk: SimulatedDisk): Epoch | undefined | string {
  try {
    return new EpochFiles(disk, '/data').restore('sums/of it');
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

describe('epochs in a directory', () => {
  test('are there again, the last one, and savepoints by their names', () => {
    const disk = new SimulatedDisk();
    const files = new EpochFiles(disk, '/data');
    expect(files.restore('sums/of it')).toBeUndefined();
    for (const number of [1, 2, 10]) files.commit(epochOf(number));
    files.save('before', epochOf(2));
    const again = new EpochFiles(disk, '/data');
    expect(again.restore('sums/of it')).toEqual(epochOf(10));
    expect(again.saved('sums/of it', 'before')).toEqual(epochOf(2));
    expect(() => again.saved('sums/of it', 'after')).toThrow(/has before/);
    again.forget('sums/of it');
    expect(new EpochFiles(disk, '/data').restore('sums/of it')).toBeUndefined();
    expect(again.saved('sums/of it', 'before').epoch).toBe(2);
  });

  test('take from those before what has not changed, and keep these as long', () => {
    const disk = new SimulatedDisk();
    const files = new EpochFiles(disk, '/data');
    const layer = (number: number, layers: number) => ({
      ...epochOf(number, 4_000).tasks[0].steps[0],
      layers,
    });
    const all = [1, 2, 3, 4, 5, 6].map(number => layer(number, number));
    const epochWith = (number: number, steps: typeof all): Epoch => ({
      ...epochOf(number),
      tasks: [{ ...epochOf(number).tasks[0], steps }],
    });
    const names = () => disk.readDirectory('/data/checkpoints/sums%2Fof%20it').sort();
    for (let number = 1; number <= 4; number++) {
      files.commit(epochWith(number, all.slice(0, number)));
    }
    expect(names()).toHaveLength(4);
    expect(files.restore('sums/of it')).toEqual(epochWith(4, all.slice(0, 4)));
    const again = new EpochFiles(disk, '/data');
    const found = again.restore('sums/of it') as Epoch;
    expect(found).toEqual(epochWith(4, all.slice(0, 4)));
    // Whoever goes on from it still knows what is written.
    const written = disk.history.length;
    again.commit({
      ...found,
      epoch: 5,
      tasks: [{ ...found.tasks[0], steps: found.tasks[0].steps.slice(2) }],
    });
    const bytes = disk.history
      .slice(written)
      .reduce((sum, one) => sum + (one.kind === 'write' ? one.bytes.length : 0), 0);
    expect(bytes).toBeLessThan(2_000);
    expect(names().map(name => Number.parseInt(name, 10))).toEqual([3, 4, 5]);
    expect(after(disk)).toMatchObject({
      epoch: 5,
      tasks: [{ steps: [{ layers: 3 }, { layers: 4 }] }],
    });
    again.save('whole', found);
    again.forget('sums/of it');
    expect(again.saved('sums/of it', 'whole')).toEqual(found);
  });

  test('are, after a crash at any step, the last that was committed, or the next one', () => {
    const disk = new SimulatedDisk();
    const committed = committing(disk, 5);
    const random = seededRandom(7);
    for (let steps = 0; steps <= disk.history.length; steps++) {
      for (const mode of MODES) {
        for (let image = 0; image < 12; image++) {
          const found = after(disk.image(steps, mode, random));
          const number = typeof found === 'object' ? found.epoch : (found ?? 0);
          expect([committed[steps], committed[steps] + 1]).toContain(number);
          if (typeof found === 'object') expect(found).toEqual(epochOf(found.epoch));
        }
      }
    }
  });

  test.each([0, 1_000, 2_500, 20_000])(
    'of which parts stand in earlier files are whole after a crash at any step, beside %i bytes',
    wholeBytes => {
      const disk = new SimulatedDisk();
      const epochs = layered(9, 4, wholeBytes);
      const committed = committing(disk, epochs.length, epochs);
      const random = seededRandom(11);
      for (let steps = 0; steps <= disk.history.length; steps++) {
        const found = after(disk.image(steps, MODES[steps % MODES.length], random));
        const number = typeof found === 'object' ? found.epoch : (found ?? 0);
        expect([committed[steps], committed[steps] + 1]).toContain(number);
        if (typeof found === 'object') expect(found).toEqual(epochs[found.epoch - 1]);
      }
    },
  );

  test('keep no file for long of which little is needed', () => {
    const disk = new SimulatedDisk();
    const files = new EpochFiles(disk, '/data');
    const directory = '/data/checkpoints/sums%2Fof%20it';
    const layers = 30;
    for (const wholeBytes of [0, 5_000, 50_000]) {
      files.forget('sums/of it');
      const needed = wholeBytes + layers * 700;
      const start = disk.history.length;
      for (const epoch of layered(90, layers, wholeBytes)) {
        files.commit(epoch);
        const names = disk.readDirectory(directory).filter(name => name.endsWith('.epoch'));
        const sizes = names.map(name => disk.stat(`${directory}/${name}`)?.bytes ?? 0);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(3 * needed + 20_000);
      }
      const written = disk.history
        .slice(start)
        .reduce((sum, one) => sum + (one.kind === 'write' ? one.bytes.length : 0), 0);
      expect(written / 90).toBeLessThan(2 * (wholeBytes + 700) + layers * 700);
    }
  });

  test('committed before their state is on stable storage are found out', () => {
    const disk = new SimulatedDisk();
    disk.pretendsToFlush = true;
    const committed = committing(disk, 5);
    const random = seededRandom(7);
    let found = 0;
    for (let steps = 0; steps <= disk.history.length; steps++) {
      const state = after(disk.image(steps, 'power', random));
      const number = typeof state === 'object' ? state.epoch : (state ?? 0);
      if (number !== committed[steps] && number !== committed[steps] + 1) found++;
    }
    expect(found).toBeGreaterThan(0);
  });

  test('of which one bit or more has changed are refused, and nothing is changed', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 300; round++) {
      const disk = new SimulatedDisk();
      new EpochFiles(disk, '/data').commit(epochOf(1, 64));
      const path = '/data/checkpoints/sums%2Fof%20it/0000000000000001.epoch';
      disk.damage(path, bytes => {
        if (random.below(4) === 0) return bytes.subarray(0, random.below(bytes.length));
        bytes[random.below(bytes.length)] ^= 1 << random.below(8);
        return bytes;
      });
      expect(['CHECKPOINT_DAMAGED', 'STORAGE_MISMATCH']).toContain(after(disk));
    }
  });
});
