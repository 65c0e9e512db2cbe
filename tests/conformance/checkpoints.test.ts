import {
  type CheckpointMode,
  LocalEngine,
  type LocalJob,
  type Producer,
  VirtualClock,
} from '@lite-streams/core';
import { MemoryDriver } from '@lite-streams/core/internal';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { builds, built, DISORDER_MS, type Reading } from './checkpoint-pipelines.ts';

const SHARDS = 3;
const READINGS = 240;
const KEYS = 11;

/** The same for the same seed. */
function readings(seed: number): Reading[] {
  const random = seededRandom(seed);
  return Array.from({ length: READINGS }, (_, i) => ({
    k: `k${random.below(KEYS)}`,
    t: 1_000 + i * 3 + random.below(DISORDER_MS - 1),
    n: random.below(12),
  }));
}

/** An engine with the pipeline in it, and what has come out. */
class Run {
  readonly engine: LocalEngine;
  readonly job: LocalJob;
  readonly out: string[] = [];
  private readonly producers: readonly Producer[];

  constructor(
    name: string,
    processors: number,
    epochs: MemoryDriver,
    mode: CheckpointMode,
    before: readonly (readonly Reading[])[] = [[], []],
    maxOutputBytes?: number,
  ) {
    this.engine = new LocalEngine({
      automatic: false,
      clock: new VirtualClock(0),
      processors,
      epochs,
      stepRecords: 5,
      channelSlots: 8,
      channelBytes: 2048,
      topics: { shards: SHARDS, slots: 1024, shardBytes: 256 * 1024 },
    });
    this.producers = ['left', 'right'].map(topic => this.engine.topic(topic).producer());
    for (const [side, values] of before.entries()) this.send(side, values);
    this.job = this.engine.add(built(name, mode, maxOutputBytes));
  }

  send(side: number, values: readonly Reading[]): void {
    const producer = this.producers[side];
    for (const value of values) producer.sendSync({ key: value.k, value: JSON.stringify(value) });
    producer.flushSync();
  }

  async end(): Promise<void> {
    for (const producer of this.producers) producer.closeSync();
    for (const topic of ['left', 'right']) this.engine.topic(topic).end();
    await this.job.drained();
  }

  /** Everything that stands in the output, in no order. */
  output(): string[] {
    const reader = this.engine.topic('out').consume({ group: 'test', from: 'earliest' });
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      for (const { text } of batch) this.out.push(text);
    }
    reader.close();
    return this.out.sort();
  }
}

async function undisturbed(
  name: string,
  sides: readonly (readonly Reading[])[],
): Promise<string[]> {
  const run = new Run(name, 1, new MemoryDriver(), 'exactly-once');
  for (const [side, values] of sides.entries()) run.send(side, values);
  await run.end();
  const output = run.output();
  run.engine.stopNow();
  return output;
}

describe.each(Object.keys(builds))('%s', name => {
  const sides = [readings(1), readings(2)];

  test('rolled back after every epoch, at any step, gives the same', async () => {
    const expected = await undisturbed(name, sides);
    expect(expected.length).toBeGreaterThan(5);
    for (const processors of [1, 3]) {
      const random = seededRandom(processors);
      const run = new Run(name, processors, new MemoryDriver(), 'exactly-once');
      for (let at = 0; at < READINGS; at += 12) {
        for (const [side, values] of sides.entries()) run.send(side, values.slice(at, at + 12));
        for (let steps = random.below(10); steps > 0; steps--) run.engine.step();
        await run.job.checkpoint();
        for (let steps = random.below(4); steps > 0; steps--) run.engine.step();
        run.engine.failHost(random.below(processors));
        for (let steps = random.below(10); steps > 0; steps--) run.engine.step();
        if (random.chance(0.3)) run.engine.failHost(random.below(processors));
      }
      await run.end();
      expect(run.output()).toEqual(expected);
      run.engine.stopNow();
    }
  });

  test('holding as few outputs as may be gives the same, and comes to its end', async () => {
    const expected = await undisturbed(name, sides);
    for (const processors of [1, 3]) {
      const least = 1024;
      const run = new Run(name, processors, new MemoryDriver(), 'exactly-once', sides, least);
      await run.end();
      expect(run.output()).toEqual(expected);
      run.engine.stopNow();
    }
  });

  test('taken up at every epoch by another number of processors gives the same', async () => {
    const expected = await undisturbed(name, sides);
    const epochs = new MemoryDriver();
    const random = seededRandom(5);
    const out: string[] = [];
    const step = 40;
    for (let at = 0; at < READINGS; at += step) {
      const processors = 1 + random.below(4);
      const run = new Run(
        name,
        processors,
        epochs,
        'at-least-once',
        sides.map(values => values.slice(0, at)),
      );
      for (const [side, values] of sides.entries()) run.send(side, values.slice(at, at + step));
      for (let steps = random.below(20); steps > 0; steps--) run.engine.step();
      if (at + step >= READINGS) await run.end();
      else {
        // Nothing is under way that would come out again, not even a call.
        for (let turn = 0; turn < 5; turn++) {
          run.engine.settle();
          await new Promise(resolve => setImmediate(resolve));
        }
        await run.job.checkpoint();
      }
      out.push(...run.output());
      run.engine.stopNow();
    }
    expect(out.sort()).toEqual(expected);
  });
});
