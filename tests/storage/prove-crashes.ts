// Opens logs on the disks that crashes leave, and proves that everything acknowledged is there and nothing torn.
//
//   node tests/storage/prove-crashes.ts --images 10000 --seed 1
import { parseArgs } from 'node:util';
import { crashImages } from './crash-images.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
});
const started = performance.now();
const report = crashImages(Number(values.images), Number(values.seed));
const seconds = ((performance.now() - started) / 1000).toFixed(1);
for (const fault of report.faults.slice(0, 10)) console.error(fault);
console.log(
  `crash images: ${report.images} of ${report.histories} histories, from seed ${values.seed}, ` +
    `${report.faults.length} faults, in ${seconds} s`,
);
process.exitCode = report.faults.length === 0 ? 0 : 1;
