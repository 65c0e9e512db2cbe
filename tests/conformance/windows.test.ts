import type { RecordCopy, Topic } from '@lite-streams/core';
import { describe, expect, test } from 'vitest';
import { runtimes } from './runtimes.ts';
import { windowCases } from './window-cases.ts';
import type { Result } from './window-pipeline.ts';

describe.each(runtimes)('runtime $name', ({ start }) => {
  test.each(windowCases.map((one, number) => ({ ...one, number })))(
    '$name ($source)',
    async ({ number, script, output }) => {
      const engine = await start();
      try {
        const values = engine.topic('values');
        const results = reader(engine.topic('results'));
        const late = reader(engine.topic('late'));
        const job = await engine.run(
          new URL(`./window-pipeline.ts?case=${number}`, import.meta.url),
        );
        const producer = values.producer();
        let sent = 0;
        let wasLate = 0;
        for (const line of script) {
          switch (line[0]) {
            case 'record':
              await producer.send({ key: line[1], timestamp: line[2], value: String(line[3]) });
              sent++;
              break;
            case 'watermark':
              producer.watermark(line[1]);
              break;
            case 'expect':
              await job.caughtUp();
              expect(
                results()
                  .map(output === undefined ? asResult : withEdges)
                  .sort(),
              ).toEqual([...line[1]].sort());
              break;
            case 'expectLate': {
              await job.caughtUp();
              const found = late().map(({ key, timestamp }) => [key, timestamp]);
              expect(found).toEqual(line[1]);
              wasLate += found.length;
              break;
            }
            default: // Restoring is between operators and not between records: see below.
          }
        }
        await producer.close();
        values.end();
        await job.drained();
        expect(await job.stats()).toMatchObject({ in: sent, late: wasLate, deadLetters: 0 });
      } finally {
        await engine.stop();
      }
    },
  );
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
