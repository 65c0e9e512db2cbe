// Exactly once, end to end: readings go through a pipeline with an exchange and windows, from a log to
// a log and to a system outside, while the process is killed at random moments and comes back with another number of
// processors. What stands in the output, and what came outside by its tokens, is compared with what the
// readings make.
//
//   node tests/checkpoints/prove-exactly-once.ts --kills 50 --records 100000 --seed 1

import { parseArgs } from 'node:util';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { ScratchDirectory } from '../integration/durability/scratch-directory.ts';
import { endure, faultsOf } from './exactly-once.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    records: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

using directory = new ScratchDirectory();
const startMs = performance.now();
const verdict = await endure({
  directory: directory.path,
  records: Number(values.records),
  kills: Number(values.kills),
  processors: [1, 3, 2],
  longestLifeMs: 1_000,
  rate: 80,
  random: seededRandom(Number(values.seed)).next,
});
const seconds = (performance.now() - startMs) / 1_000;
const { killed, undisturbed, outputs, outside } = verdict;
const faults = faultsOf(verdict);
console.log(
  `seed ${values.seed}: ${values.records} records, ${killed} processes killed` +
    `${undisturbed > 0 ? ` (done before the rest of the kills)` : ''}, processors 1, 3, 2; ` +
    `${outputs} outputs in the topic, ${outside.byAll.outputs} outside, where ${outside.again} batches came ` +
    `again: ${faults.length} missing, wrong or twice; ${seconds.toFixed(0)} s`,
);
for (const fault of faults.slice(0, 10)) console.log(`  ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
