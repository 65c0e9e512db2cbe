// Kills processes that write a log with SIGKILL, and proves by an oracle outside that nothing they had said to be
// written is lost, repeated or out of order.
//
//   node tests/storage/prove-kills.ts --kills 200 --seed 1
import { parseArgs } from 'node:util';
import { killWriter } from './kill-writer.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const started = performance.now();
const report = await killWriter(Number(values.kills), Number(values.seed));
const seconds = ((performance.now() - started) / 1000).toFixed(1);
for (const fault of report.faults.slice(0, 10)) console.error(fault);
console.log(
  `kill -9: ${report.kills} writers, ${report.inRecovery} of them before they had recovered, ` +
    `${report.records} records, ${report.faults.length} faults, in ${seconds} s`,
);
process.exitCode = report.faults.length === 0 ? 0 : 1;
