// Exactly once, end to end: readings go through a pipeline with an exchange and windows, from a log to
// a log, while the process is killed at random moments and comes back with another number of
// processors. What stands in the output is compared with what the readings make.
//
//   node tests/checkpoints/prove-exactly-once.ts --kills 50 --records 100000 --seed 1

import { parseArgs } from 'node:util';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { ScratchDirectory } from '../integration/durability/scratch-directory.ts';
import { endure } from './exactly-once.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    records: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

using directory = new ScratchDirectory();
const startMs = performance.now();
const { killed, undisturbed, outputs, missing, wrong, twice } = await endure({
  directory: directory.path,
  records: Number(values.records),
  kills: Number(values.kills),
  processors: [1, 3, 2],
  longestLifeMs: 1_000,
  rate: 80,
  random: seededRandom(Number(values.seed)).next,
});
const seconds = (performance.now() - startMs) / 1_000;
console.log(
  `seed ${values.seed}: ${values.records} records, ${killed} processes killed` +
    `${undisturbed > 0 ? ` (done before the rest of the kills)` : ''}, processors 1, 3, 2; ` +
    `${outputs} outputs: ${missing.length} missing, ${wrong.length} wrong, ${twice.length} twice; ` +
    `${seconds.toFixed(0)} s`,
);
for (const name of [...missing, ...wrong, ...twice].slice(0, 10)) console.log(`  ${name}`);
process.exitCode = missing.length + wrong.length + twice.length > 0 ? 1 : 0;
