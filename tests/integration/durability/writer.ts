// A process that appends numbers to a durable topic, and says after each which of them are acknowledged.

import { Engine } from '@lite-streams/workers';

const [, , directory, from] = process.argv;
const engine = await Engine.start({ directory, shards: 2, processors: 1, slots: 1_024 });
const producer = engine.topic('numbers').producer();
process.send?.(-1);
for (let number = Number(from); ; number++) {
  const sent = producer.send({ value: String(number), shard: number % 2 });
  if (number % 16 !== 0) continue;
  await sent;
  process.send?.(number);
}
