// Kills producers and owners of a topic in the midst of their work, and checks that nothing was lost
// or repeated, and that the shards live on.
//
//   node tests/stress/abandons.ts [--kills 100] [--seed 1]

import { parseArgs } from 'node:util';
import { Abandonment } from './abandon.ts';
import { compilePausedKernel } from './paused-kernel.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const abandonment = new Abandonment(Number(values.seed), await compilePausedKernel());
const report = await abandonment.run(Number(values.kills));
console.log(
  `abandons: ${report.producers} producers and ${report.owners} owners killed in ` +
    `${report.seconds.toFixed(1)} s (seed ${values.seed}); ${report.records} records arrived, ` +
    `${report.aborted} slots were aborted, ${report.faults.length} faults`,
);
for (const fault of report.faults) console.error(`abandons: ${fault}`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
