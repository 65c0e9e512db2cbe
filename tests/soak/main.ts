// Full load on real threads for as long as one likes: topics in memory and durable ones, with producers, processors
// and owners killed at random. Everything must be accounted for, and memory must not grow.
//
//   node tests/soak/main.ts --minutes 10 --seed 1
//
// Runs `run.ts` so that its memory can be judged: see `memory.ts`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { mallocOf, NODE_OPTIONS } from './memory.ts';

const args = process.argv.slice(2);
const run = fileURLToPath(new URL('./run.ts', import.meta.url));
const child = spawn(process.execPath, [...NODE_OPTIONS, run, ...args], {
  stdio: 'inherit',
  env: { ...process.env, ...mallocOf(args) },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
const [code, signal] = await once(child, 'exit');
if (signal !== null) console.error(`soak: ended by ${signal}`);
process.exit(code ?? 1);
