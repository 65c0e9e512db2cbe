import type { Job, Producer, RecordCopy, Topic } from '@lite-streams/core';
import { describe, expect, test } from 'vitest';
import { type AnyEngine, runtimes } from './runtimes.ts';
import { type Line, type WindowCase, windowCases } from './window-cases.ts';
import type { Result } from './window-pipeline.ts';

/** A case under way: its script is played line by line, and what comes out is compared where it says so. */
class Play {
  sent = 0;
  late = 0;
  private readonly engine: AnyEngine;
  private readonly one: WindowCase;
  private readonly producer: Producer;
  private readonly results: () => RecordCopy[];
  private readonly lateOnes: () => RecordCopy[];

  constructor(engine: AnyEngine, one: WindowCase) {
    this.engine = engine;
    this.one = one;
    this.results = reader(engine.topic('results'));
    this.lateOnes = reader(engine.topic('late'));
    this.producer = engine.topic('values').producer();
  }

  async line(line: Line, job: Job): Promise<void> {
    switch (line[0]) {
      case 'record':
        await this.producer.send({ key: line[1], timestamp: line[2], value: String(line[3]) });
        this.sent++;
        break;
      case 'watermark':
        this.producer.watermark(line[1]);
        break;
      case 'expect': {
        await job.caughtUp();
        const found = this.results().map(this.one.output === undefined ? asResult : withEdges);
        expect(found.sort()).toEqual([...line[1]].sort());
        break;
      }
      case 'expectLate': {
        await job.caughtUp();
        const found = this.lateOnes().map(({ key, timestamp }) => [key, timestamp]);
        expect(found).toEqual(line[1]);
        this.late += found.length;
        break;
      }
      default: // Whoever restores does so after every line.
    }
  }

  async end(job: Job): Promise<void> {
    await this.producer.close();
    this.engine.topic('values').end();
    await job.drained();
  }
}

const numbered = windowCases.map((one, number) => ({ one, number, ...one }));
const moduleOf = (number: number, more = ''): URL =>
  new URL(`./window-pipeline.ts?case=${number}${more}`, import.meta.url);

describe.each(runtimes)('runtime $name', ({ start }) => {
  test.each(numbered)('$name ($source)', async ({ one, number }) => {
    const engine = await start();
    try {
      const play = new Play(engine, one);
      const job = await engine.run(moduleOf(number));
      for (const line of one.script) await play.line(line, job);
      await play.end(job);
      expect(await job.stats()).toMatchObject({ in: play.sent, late: play.late, deadLetters: 0 });
    } finally {
      await engine.stop();
    }
  });
});

const severalTasks = runtimes.filter(({ name }) => /three hosts|two processors/.test(name));

describe.each(severalTasks)('runtime $name, restored after every line', ({ start, restore }) => {
  test.each(numbered)('$name ($source)', async ({ one, number }) => {
    const engine = await start();
    try {
      const play = new Play(engine, one);
      const module = moduleOf(number, '&epochs');
      let job = await engine.run(module, { keepGroup: true });
      for (const line of one.script) {
        await play.line(line, job);
        await job.caughtUp();
        job = await restore(engine, module, job);
      }
      await play.end(job);
    } finally {
      await engine.stop();
    }
  });
});

function asResult({ value, timestamp }: RecordCopy): [string, ...number[]] {
  const { key, sum }: Result = JSON.parse(Buffer.from(value).toString());
  return [key, sum, timestamp];
}

function withEdges({ value, timestamp }: RecordCopy): [string, ...number[]] {
  const { key, sum, start, end }: Result = JSON.parse(Buffer.from(value).toString());
  return [key, sum, timestamp, start, end];
}

/** Returns what was appended since the last call. */
function reader(topic: Topic): () => RecordCopy[] {
  const consumer = topic.consume({ group: 'test' });
  return () => {
    const records: RecordCopy[] = [];
    for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
      records.push(...batch.copy());
    }
    return records;
  };
}
