// A user's program, in a process of its own: how long from its first line until a pipeline has
// processed a first record. It runs on the published build, so it is JavaScript.

const startMs = performance.now();
const { Engine } = await import('lite-streams');
const importedMs = performance.now();
const engine = await Engine.start({ processors: 1 });
const startedMs = performance.now();
const job = await engine.run(new URL('./first-record-pipeline.js', import.meta.url));
const results = engine.topic('out').consume({ group: 'bench', from: 'earliest' });
engine.topic('in').append({ key: 'a', value: 'first' });
const { value: batch } = await results.next();
const doneMs = performance.now();
const [text] = Array.from(batch, record => record.text);
await results.close();
await job.stop();
await engine.stop();
if (text !== 'FIRST') throw new Error(`wrong answer: the result is ${text}, should be FIRST`);
process.send({
  importMs: importedMs - startMs,
  startMs: startedMs - importedMs,
  recordMs: doneMs - startedMs,
});
