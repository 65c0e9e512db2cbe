// A process that feeds and runs the pipeline until it has drained, or is killed:
//
//   node worker.ts DIRECTORY RECORDS PROCESSORS RECORDS_PER_10_MS [KILL_A_PROCESSOR_EVERY_MS]
//
// The engine's directory is `data` in it, the system outside the file `outside`.
//
// It exits with 0 when all is done, and with 3 when the engine or the pipeline failed.

import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { readingOf } from './readings.ts';

const MOST_KILLS_IN_A_ROW = 4;

const [directory, records, processors, rate, killEveryMs = '0'] = process.argv.slice(2);
const count = Number(records);
process.env.OUTSIDE = join(directory, 'outside');

try {
  const engine = await Engine.start({
    directory: join(directory, 'data'),
    processors: Number(processors),
    shards: 2,
    slots: 4096,
    shardBytes: 1024 * 1024,
  });
  const input = engine.topic('in');
  engine.topic('out', { shards: 2 });
  const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
  // It may not live to its end, when Node.js would do that.
  flushCompileCache();
  if (Number(killEveryMs) > 0) {
    let turn = 0;
    let epoch = -1;
    let kills = 0;
    const kill = () => {
      // A machine that is busy with others may not be back by then: now and then it has to be.
      if (job.stats().epoch > epoch) kills = 0;
      epoch = job.stats().epoch;
      if (kills++ < MOST_KILLS_IN_A_ROW)
        killThread(engine, 'processor', turn++ % Number(processors));
    };
    setInterval(kill, Number(killEveryMs)).unref();
  }
  if (!input.ended) {
    const there = new Set<number>();
    const reader = input.consume({ group: 'feeder', from: 'earliest', autoCommit: false });
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      for (const { text } of batch) there.add(JSON.parse(text).i);
    }
    reader.close();
    const producer = input.producer();
    let sent = 0;
    for (let i = 0; i < count; i++) {
      if (there.has(i)) continue;
      const { k } = readingOf(i);
      void producer.send({ key: k, value: JSON.stringify(readingOf(i)) }).catch(() => {});
      if (++sent % Number(rate) === 0) await new Promise(resolve => setTimeout(resolve, 10));
    }
    await producer.close();
    input.end();
  }
  await job.drained();
  await engine.stop();
} catch (error) {
  console.error(error);
  process.exit(3);
}
