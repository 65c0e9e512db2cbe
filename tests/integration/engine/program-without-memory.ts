// Runs with little address space: a topic of many shards cannot be had, the next one can.
import type { StreamError } from '@lite-streams/core';
import { Engine } from '@lite-streams/workers';

const engine = await Engine.start({ processors: 1, shards: 1 });
const topic = engine.topic('before');
let refused: StreamError | undefined;
try {
  engine.topic('large', { shards: 64 });
} catch (error) {
  refused = error as StreamError;
}
const offset = topic.append({ value: 'x' });
const named = /Shard \d+ needs \d+ bytes/.test(refused?.message ?? '');
console.log(JSON.stringify({ code: refused?.code, named, offset }));
await engine.stop();
