import { Engine } from 'lite-streams';

await using engine = await Engine.start({ shards: 4, processors: 2 });
const flights = engine.topic('flights');
const job = await engine.run(new URL('./pipeline.ts', import.meta.url));

flights.append({ key: 'JFK', value: '{"origin":"JFK","date":978307200000,"delay":12}' });
flights.append({ key: 'JFK', value: '{"origin":"JFK","date":978310800000,"delay":30}' });
flights.append({ key: 'ORD', value: '{"origin":"ORD","date":978314400000,"delay":-4}' });
flights.append({ key: 'ORD', value: '{"origin":"ORD","date":978400800000,"delay":7}' });
flights.end(); // no more flights: every day closes

await job.drained();
const delays = engine.topic('daily-delays');
delays.end();
for await (const batch of delays.consume({ group: 'report' })) {
  for (const record of batch) console.log(record.text);
}
