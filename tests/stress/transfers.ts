// Moves self-checking records between threads and checks that each arrived as promised.
//
//   node tests/stress/transfers.ts [--records 10000000] [--only WORDS]

import { parseArgs } from 'node:util';
import { runTransfer } from './transfer.ts';
import { transfers } from './transfer-cases.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '10000000' },
    only: { type: 'string', default: '' },
  },
});
const chosen = transfers.filter(({ name }) => name.includes(values.only));
const weight = chosen.reduce((sum, one) => sum + one.share, 0);

let [failed, records, delivered] = [0, 0, 0];
for (const transfer of chosen) {
  const share = Math.ceil((Number(values.records) * transfer.share) / weight);
  const report = await runTransfer(transfer, share);
  records += report.records;
  delivered += report.delivered;
  const rate = (report.records / report.seconds / 1e6).toFixed(2);
  console.log(
    `${report.faults.length === 0 ? 'holds' : 'FAILS'}  ${transfer.name}: ${report.records} records, ` +
      `${report.delivered} delivered, ${report.lost} lost, ${report.threads} threads, ` +
      `${report.seconds.toFixed(1)} s, ${rate} M/s`,
  );
  for (const fault of report.faults) console.error(`       ${fault}`);
  if (report.faults.length > 0) failed += 1;
}
console.log(
  `stress: ${records} records transferred, ${delivered} deliveries checked, ${failed} failed`,
);
process.exitCode = failed === 0 ? (process.exitCode ?? 0) : 1;
