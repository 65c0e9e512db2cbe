// A user's first program. The pack test checks it against the types and runs it on the JavaScript that would be published.

import { Engine } from 'lite-streams';

const engine = await Engine.start({ shards: 2, processors: 1 });
const topic = engine.topic('greetings');
topic.append({ key: 'a', value: 'first' });
topic.append({ key: 'a', value: 'second' });
const values = topic
  .latest({ key: 'a' })
  .copy()
  .map(record => Buffer.from(record.value).toString());
if (values.join() !== 'first,second') throw new Error(`read back ${JSON.stringify(values)}`);

const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
topic.end();
await job.drained();
const shouted: string[] = [];
engine.topic('shouted').end();
for await (const batch of engine.topic('shouted').consume({ group: 'program' })) {
  for (const record of batch) shouted.push(record.text);
}
await engine.stop();
if (shouted.join() !== 'FIRST,SECOND') throw new Error(`piped ${JSON.stringify(shouted)}`);
console.log(`node ${process.version}: appended, piped and read back ${shouted.length} records`);
