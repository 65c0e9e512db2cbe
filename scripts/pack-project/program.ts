// A user's first program. The pack test checks it against the types and runs it on the JavaScript that would be published.

import { Engine } from 'lite-streams';

const engine = await Engine.start({ shards: 2, processors: 1 });
const topic = engine.topic('greetings');
topic.append({ key: 'a', value: 'first' });
topic.append({ key: 'a', value: 'second' });
const values = topic.latest({ key: 'a' }).map(record => record.text());
await engine.stop();

if (values.join() !== 'first,second') {
  throw new Error(`read back ${JSON.stringify(values)}`);
}
console.log(`node ${process.version}: appended and read back ${values.length} records`);
