// A whole program of a user's: an engine, a pipeline, an end.
import { Engine } from '@lite-streams/workers';

const engine = await Engine.start({ processors: 2, shards: 2 });
const job = await engine.run(new URL('./pipeline-copy.ts', import.meta.url));
const input = engine.topic('in');
for (let i = 0; i < 10; i++) input.append({ key: String(i), value: String(i) });
input.end();
await job.drained();
engine.topic('out').end();
let records = 0;
for await (const batch of engine.topic('out').consume({ group: 'g' })) records += batch.length;
await engine.stop();
// Standard output is a pipe here, which is a resource of its own.
const left = process.getActiveResourcesInfo().filter(name => name !== 'PipeWrap');
console.log(JSON.stringify({ records, left }));
