// A topic, records appended in two ways, and two ways to read them.

import { Engine } from 'lite-streams';

await using engine = await Engine.start({ shards: 2, processors: 1 });
const greetings = engine.topic('greetings');

// One by one: every thread can read a record as soon as append has returned its offset.
greetings.append({ key: 'en', value: 'hello', headers: { from: 'append' } });
greetings.append({ key: 'fr', value: 'bonjour' });

// In batches: for many records, and for waiting where there is no room.
await using producer = greetings.producer();
for (const value of ['hi', 'good morning']) void producer.send({ key: 'en', value });
await producer.flush();

// The newest records of a key, as they are now.
for (const record of greetings.latest({ key: 'en' })) {
  console.log(`latest   ${record.key}  ${record.text}  offset ${record.offset}`);
}

// All records, in a group that remembers how far it has read. The end of the topic ends the loop.
await producer.close();
greetings.end();
let read = 0;
for await (const batch of greetings.consume({ group: 'readers', from: 'earliest' })) {
  for (const record of batch) {
    const from = record.header('from') ?? 'producer';
    console.log(`consumed ${record.key}  ${record.text}  shard ${record.shard}  ${from}`);
    read++;
  }
}
console.log(`lag ${greetings.lag('readers')}`);
if (read !== 4) process.exitCode = 1;
