// Kills processes that write a log with SIGKILL, and proves by an oracle outside that nothing they had said to be
// written is lost, repeated or out of order.
//
//   node tests/storage/prove-kills.ts --kills 200 --seed 1
import { parseArgs } from 'node:util';
import { Progress } from '../../bench/runner/progress.ts';
import { killWriter } from './kill-writer.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const kills = Number(values.kills);
const started = performance.now();
const progress = new Progress();
let killed = 0;
const report = await killWriter(kills, Number(values.seed), faults => {
  // At once: what takes long may be stopped before its end.
  if (faults.length > 0) progress.clear();
  for (const fault of faults) console.error(fault);
  progress.show(`${++killed} of ${kills} writers killed`);
});
progress.clear();
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `kill -9: ${report.kills} writers, ${report.inRecovery} of them before they had recovered, ` +
    `${report.records} records, ${report.faults.length} faults, in ${seconds} s`,
);
process.exitCode = report.faults.length === 0 ? 0 : 1;
