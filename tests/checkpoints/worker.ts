// A process that feeds and runs the pipeline until it has drained, or is killed:
//
//   node worker.ts DIRECTORY RECORDS PROCESSORS RECORDS_PER_10_MS [KILL_A_PROCESSOR_EVERY_MS]
//
// It exits with 0 when all is done, and with 3 when the engine or the pipeline failed.

import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { readingOf } from './readings.ts';

const [directory, records, processors, rate, killEveryMs = '0'] = process.argv.slice(2);
const count = Number(records);

try {
  const engine = await Engine.start({
    directory,
    processors: Number(processors),
    shards: 2,
    slots: 4096,
    shardBytes: 1024 * 1024,
  });
  const input = engine.topic('in');
  engine.topic('out', { shards: 2 });
  const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
  if (Number(killEveryMs) > 0) {
    let turn = 0;
    const kill = () => killThread(engine, 'processor', turn++ % Number(processors));
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
