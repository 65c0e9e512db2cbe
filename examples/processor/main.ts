// A Processor with a transform: for one payload, for a window of them, and on a stream.

import { Engine } from 'lite-streams';
import { upperCase } from './pipeline.ts';
import { Processor } from './processor.ts';

console.log(upperCase.process('hello'));
console.log(new Processor().process('as it is'));
console.log(upperCase.processWindow([{ payload: 'a' }, { payload: 'b' }]));

await using engine = await Engine.start({ shards: 2, processors: 1 });
const payloads = engine.topic('payloads');
const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
const windows = engine.topic('windows');

for (let i = 0; i < 6; i++) {
  payloads.append({ key: `key-${i % 2}`, value: `payload-${i}`, timestamp: i * 400 });
}
payloads.end();
await job.drained();
windows.end();
for await (const batch of windows.consume({ group: 'print' })) {
  for (const record of batch) console.log(record.text);
}
