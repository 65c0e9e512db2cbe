// Two topics as one stream, that stream to three topics, and what a window waits for.

import { Engine, type Topic } from 'lite-streams';
import type { Order } from './pipeline.ts';

await using engine = await Engine.start({ shards: 1, processors: 2 });
const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
const web = engine.topic('web-orders').producer();
const store = engine.topic('store-orders').producer();

const start = Date.UTC(2026, 0, 1, 9);
const order = (id: string, seconds: number, product: string, cents: number) => {
  const made: Order = { id, product, at: start + seconds * 1_000, cents };
  return { key: id, value: JSON.stringify(made) };
};
await web.send(order('w1', 10, 'tea', 450));
await store.send(order('s1', 12, 'tea', 500));
await store.send(order('s2', 20, 'cup', -1_200));
await web.send(order('w2', 90, 'tea', 450));
await job.caughtUp();

for (const { text } of job.why('minutes')) console.log(text);

await Promise.all([web.close(), store.close()]);
for (const name of job.sources) engine.topic(name).end();
await job.drained();
for (const name of ['journal', 'refunds', 'minutes']) await print(engine.topic(name));

async function print(topic: Topic): Promise<void> {
  topic.end();
  for await (const batch of topic.consume({ group: 'print' })) {
    for (const record of batch) console.log(topic.name, record.text);
  }
}
