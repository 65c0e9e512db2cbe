// What threads cost that have nothing of this project in them: five that each hold 16 blocks of memory and take
// new ones for them, one of which is killed and replaced again and again.
//
//   node tests/soak/bare.ts --kills 200
//   MALLOC_MMAP_THRESHOLD_=131072 node tests/soak/bare.ts --kills 200
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    /** 0: threads that hold nothing. */
    blocks: { type: 'string', default: '16' },
  },
});
const THREADS = 5;
const SHOWN = 8;
const MIB = 1024 * 1024;

const source = `
  const { parentPort, workerData } = require('node:worker_threads');
  const block = () => Buffer.allocUnsafeSlow(65536 + Math.floor(Math.random() * 1500000)).fill(1);
  const held = Array.from({ length: workerData }, block);
  setInterval(() => {
    for (let i = 0; i < held.length / 4; i++) held[Math.floor(Math.random() * held.length)] = block();
  }, 5);
  parentPort.postMessage('here');
`;

async function start(): Promise<Worker> {
  const worker = new Worker(source, { eval: true, workerData: Number(values.blocks) });
  await once(worker, 'message');
  return worker;
}

const threads = await Promise.all(Array.from({ length: THREADS }, start));
const kills = Number(values.kills);
const shown: number[] = [];
for (let kill = 0; kill <= kills; kill++) {
  if (kill % Math.ceil(kills / SHOWN) === 0) shown.push(process.memoryUsage.rss());
  const index = kill % THREADS;
  await threads[index].terminate();
  threads[index] = await start();
}
await Promise.all(threads.map(thread => thread.terminate()));
const allocator = process.env.MALLOC_MMAP_THRESHOLD_ ?? 'default';
const mebibytes = shown.map(bytes => Math.round(bytes / MIB)).join(' ');
console.log(
  `bare threads: ${process.version}, threshold ${allocator}, ${kills} kills: ${mebibytes} MiB`,
);
