import type { Acks, Topic, TopicOptions } from '@lite-streams/core';
import { Bell, KERNEL } from '@lite-streams/core/internal';
import { beforeEach, describe, expect, test } from 'vitest';
import { engineConfig, topicOptions } from '../engine-config.ts';
import { Control } from '../protocol/control.ts';
import { EngineDirectory } from '../storage/engine-directory.ts';
import { GroupOffsets } from '../storage/group-offsets.ts';
import { openDurableTopic } from '../storage/open-topic.ts';
import { seededRandom } from '../storage/testing/random.ts';
import { type Operation, refusal, SimulatedDisk } from '../storage/testing/simulated-disk.ts';
import { KEEP_EVERY_MS } from './group-keeper.ts';
import { OwnerCycle } from './owner-cycle.ts';

/** An engine on a simulated disk, its owner stepped by hand. */
class Bench {
  readonly disk: SimulatedDisk;
  readonly topic: Topic;
  readonly owner: OwnerCycle;
  readonly stopped: [number, unknown][] = [];
  nowMs = 1_000;

  constructor(disk = new SimulatedDisk(), acks: Acks = 'disk', own: Partial<TopicOptions> = {}) {
    this.disk = disk;
    disk.makeDirectory('/data');
    const directory = EngineDirectory.openToRead('/data', disk);
    const control = Control.create();
    const bell = Bell.create();
    const small = { shards: 2, slots: 64, shardBytes: 16_384, maxProducers: 4, maxGroups: 4 };
    const config = engineConfig({ ...small, directory: '/data', acks }, {});
    const environment = { thread: 1, bell, now: () => this.nowMs };
    this.topic = openDurableTopic(
      directory,
      disk,
      'events',
      topicOptions(config, own),
      environment,
    );
    this.topic.owner = { look: () => {} };
    const boot = {
      control: control.buffer,
      bell: bell.buffer,
      config,
      thread: 2,
      index: 0,
      topics: [this.topic.descriptor()],
      exited: [],
    };
    const observer = {
      poisoned: () => {},
      repaired: () => {},
      stopped: (_topic: string, shard: number, error: unknown) => {
        this.stopped.push([shard, error]);
      },
    };
    this.owner = new OwnerCycle(boot, () => this.nowMs, observer, disk);
  }

  append(value: string, shard = 0): number {
    return this.topic.append({ value, shard });
  }

  /** What can be read of a shard, from its earliest on. */
  read(shard = 0, group = 'reader'): string[] {
    const texts: string[] = [];
    const consumer = this.topic.consume({ group });
    for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
      if (batch.shard === shard) for (const { text } of batch) texts.push(text);
    }
    consumer.close();
    return texts;
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

async function settled(promise: Promise<unknown>): Promise<'open' | 'kept' | { code: string }> {
  const outcome = promise.then(
    () => 'kept' as const,
    (error: { code: string }) => ({ code: error.code }),
  );
  return Promise.race([outcome, new Promise<'open'>(done => setTimeout(() => done('open'), 5))]);
}

describe('the owner of a durable topic', () => {
  test('compacts what is finished, between its other duties', () => {
    for (const compression of ['none', 'zstd'] as const) {
      const own = { compact: true, compression, segmentBytes: 4_096, shards: 1 };
      const one = new Bench(new SimulatedDisk(), 'disk', own);
      const sent = (i: number): string => `${i}:`.padEnd(200, String.fromCharCode(97 + (i % 26)));
      for (let i = 0; i < 400; i++) {
        one.topic.append({ key: `k${i % 4}`, value: sent(i) });
        one.nowMs += 20;
        one.owner.step();
      }
      while (one.owner.step() === 0);
      const values = one.read().filter(value => value !== '');
      expect(values.length).toBeLessThan(200);
      for (let i = 396; i < 400; i++) expect(values).toContain(sent(i));
      const numbers = values.map(value => Number(value.split(':')[0]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(one.stopped).toEqual([]);
    }
  });

  test('acknowledges what is on disk, and nothing before', async () => {
    const { topic, owner, disk } = bench;
    const producer = topic.producer();
    const sent = producer.send({ value: 'a', shard: 0 });
    await Promise.resolve();
    const shard = topic.shards[0];
    const whileFlushing: number[] = [];
    disk.beforeStep = (_step, operation: Operation) => {
      if (operation.kind === 'dataSync')
        whileFlushing.push(shard.published() - shard.logged('durable'));
    };
    expect(await settled(sent)).toBe('open');
    owner.step();
    expect(await settled(sent)).toBe('kept');
    expect(Math.max(...whileFlushing)).toBeGreaterThan(0);
    expect(shard.logged('durable')).toBe(shard.published());
    producer.abandon();
  });

  test('lets slots be used again once they are on disk, or with the system, whatever groups have read', () => {
    for (const acks of ['disk', 'os'] as const) {
      const one = new Bench(new SimulatedDisk(), acks);
      one.topic.createGroup('slow');
      let appended = 0;
      while (one.topic.tryAppend({ value: String(appended), shard: 0 }) >= 0) appended++;
      expect(appended).toBeLessThan(64);
      expect(() => one.append('more')).toThrow(/yet to be written to disk/);
      one.owner.step();
      for (let round = 0; round < 10; round++) {
        while (one.topic.tryAppend({ value: String(appended), shard: 0 }) >= 0) appended++;
        one.owner.step();
      }
      expect(one.read()).toEqual(Array.from({ length: appended }, (_, i) => String(i)));
    }
  });

  test.each([
    ['ENOSPC', 'write'],
    ['EIO', 'write'],
    ['EIO', 'dataSync'],
  ] as const)(
    'stops a shard at %s of a %s: what was acknowledged is intact, nothing is tried again',
    async (code, kind) => {
      const { topic, owner, disk } = bench;
      bench.append('kept');
      owner.step();
      let failures = 0;
      disk.beforeStep = (_step, operation) => {
        if (operation.kind !== kind) return;
        failures++;
        throw refusal(code, '/data');
      };
      const producer = topic.producer();
      const sent = producer.send({ value: 'lost', shard: 0 });
      await Promise.resolve();
      owner.step();
      expect(await settled(sent)).toEqual({ code: 'SHARD_STOPPED' });
      const once = failures;
      expect(bench.stopped.map(([shard]) => shard)).toContain(0);
      expect(topic.shards[0].state()).toBe(KERNEL.STATE_STOPPED);
      expect(() => bench.append('more')).toThrow(new RegExp(code));
      await expect(topic.acknowledged()).rejects.toMatchObject({ code: 'SHARD_STOPPED' });
      owner.step();
      owner.step();
      expect(failures).toBe(once);
      // A reader is not in its way.
      expect(bench.read()).toEqual(['kept', 'lost']);
      disk.beforeStep = undefined;
      const after = new Bench(disk);
      expect(after.read()[0]).toBe('kept');
      expect(after.append('again')).toBeGreaterThan(0);
      producer.abandon();
    },
  );

  test('keeps what groups have committed, but only what is safe', () => {
    const { topic, owner } = bench;
    for (let i = 0; i < 10; i++) bench.append(String(i));
    owner.step();
    expect(bench.read(0, 'team')).toHaveLength(10);
    bench.nowMs += KEEP_EVERY_MS;
    owner.step();
    bench.append('not read');
    owner.step();
    expect(new Bench(bench.disk).read(0, 'team')).toEqual(['not read']);
    // Committed, but not on disk: kept only after it is.
    bench.append('not on disk');
    expect(bench.read(0, 'team')).toEqual(['not read', 'not on disk']);
    topic.deleteGroup('nobody');
    bench.nowMs += KEEP_EVERY_MS;
    let order = '';
    bench.disk.beforeStep = (_step, operation) => {
      if (operation.kind === 'dataSync') order += 'flush ';
      if (operation.kind === 'rename' && operation.to.includes('groups')) order += 'group ';
    };
    owner.step();
    expect(order).toMatch(/^flush .*group $/);
    expect(new Bench(bench.disk).read(0, 'team')).toEqual([]);
  });

  test('retains by bytes, but what a group has yet to read stays', () => {
    const own = { retentionBytes: 16_384, segmentBytes: 8_192 };
    const one = new Bench(new SimulatedDisk(), 'disk', own);
    one.topic.createGroup('slow');
    const fill = (): void => {
      for (let i = 0; i < 1_000; i++) {
        while (one.topic.tryAppend({ value: 'x'.repeat(40), shard: 0 }) < 0) one.owner.step();
      }
      one.nowMs += 2_000;
      one.owner.step();
    };
    fill();
    expect(one.topic.stats()[0].earliest).toBe(0);
    one.topic.deleteGroup('slow');
    fill();
    const { earliest, end } = one.topic.stats()[0];
    expect(earliest).toBeGreaterThan(1_000);
    expect(end - earliest).toBeGreaterThan(50);
    // A group that another process reads in holds it just as well.
    new GroupOffsets(one.disk, '/data', 'events').save('elsewhere', [earliest, 0]);
    fill();
    expect(one.topic.stats()[0].earliest).toBe(earliest);
  });

  test('forgets a group that was deleted', () => {
    bench.append('a');
    bench.owner.step();
    expect(bench.read(0, 'gone')).toEqual(['a']);
    bench.nowMs += KEEP_EVERY_MS;
    bench.owner.step();
    expect(bench.topic.deleteGroup('gone')).toBe(true);
    expect(new Bench(bench.disk).read(0, 'gone')).toEqual(['a']);
  });
});

interface Run {
  readonly disk: SimulatedDisk;
  /** After so many changes of the disk, everything below these offsets was acknowledged. */
  readonly acknowledged: { step: number; ends: readonly number[] }[];
  readonly values: readonly string[][];
}

/** Appends, in a random order, and steps the owner now and then. */
function randomRun(seed: number, pretendsToFlush: boolean): Run {
  const random = seededRandom(seed);
  const one = new Bench();
  one.disk.pretendsToFlush = pretendsToFlush;
  const values: string[][] = [[], []];
  const acknowledged: Run['acknowledged'] = [];
  for (let round = 0; round < 12; round++) {
    for (let i = random.below(12); i >= 0; i--) {
      const shard = random.below(2);
      const value = `${shard}/${values[shard].length}`;
      if (one.topic.tryAppend({ value, shard }) >= 0) values[shard].push(value);
    }
    one.owner.step();
    const ends = one.topic.shards.map(shard => shard.offsetOf(shard.logged('durable')));
    acknowledged.push({ step: one.disk.history.length, ends });
    one.nowMs += 100;
  }
  return { disk: one.disk, acknowledged, values };
}

/** What is wrong with what a crash has left, if anything is. */
function complaint(run: Run, seed: number): string | undefined {
  const random = seededRandom(seed);
  const step = random.below(run.disk.history.length + 1);
  const mode = (['process', 'power', 'disordered'] as const)[random.below(3)];
  const last = run.acknowledged.findLast(one => one.step <= step);
  let after: Bench;
  try {
    after = new Bench(run.disk.image(step, mode, random));
  } catch (error) {
    return `it does not open: ${String(error)}`;
  }
  for (const shard of [0, 1]) {
    const end = after.topic.shards[shard].offsetOf(after.topic.shards[shard].published());
    if (end < (last?.ends[shard] ?? 0)) return `it ends at ${end}`;
    const kept = after.read(shard);
    if (kept.some((value, i) => value !== run.values[shard][i])) return 'it holds something else';
  }
  return undefined;
}

test('after a crash at any step everything acknowledged is there, in order (300 crashes)', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const run = randomRun(seed, false);
    for (let crash = 0; crash < 30; crash++)
      expect(complaint(run, seed * 1_000 + crash)).toBe(undefined);
  }
});

test('an acknowledgement before the flush is found', () => {
  let found = 0;
  for (let seed = 1; seed <= 5; seed++) {
    const run = randomRun(seed, true);
    for (let crash = 0; crash < 30; crash++) if (complaint(run, seed * 1_000 + crash)) found++;
  }
  expect(found).toBeGreaterThan(0);
});
