// Opens logs on the disks that crashes leave, and proves that everything acknowledged is there and nothing torn.
//
//   node tests/storage/prove-crashes.ts --images 10000 --seed 1
import { parseArgs } from 'node:util';
import { FrameScanner } from '../../packages/workers/src/storage/frame-scanner.ts';
import { type CrashReport, crashImages } from './crash-images.ts';

const PLANTED_IMAGES = 500;

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const started = performance.now();
const report = crashImages(Number(values.images), seed);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
for (const fault of report.faults.slice(0, 10)) console.error(fault);
console.log(
  `crash images: ${report.images} of ${report.histories} histories, from seed ${values.seed}, ` +
    `${report.faults.length} faults, in ${seconds} s`,
);

/** What finds no planted bug proves nothing. */
const planted: [string, () => CrashReport][] = [
  [
    'an acknowledgement before the flush',
    () => crashImages(PLANTED_IMAGES, seed, { acknowledgesEarly: true }),
  ],
  [
    'a flush that is only pretended',
    () => crashImages(PLANTED_IMAGES, seed, { pretendsToFlush: true }),
  ],
  ['a frame without its checksum', withoutChecksums],
];
let unnoticed = 0;
for (const [bug, plant] of planted) {
  const { faulty, histories } = plant();
  console.log(`planted: ${bug} is found in ${faulty} of ${histories} histories`);
  if (faulty === 0) unnoticed++;
}
process.exitCode = report.faults.length === 0 && unnoticed === 0 ? 0 : 1;

function withoutChecksums(): CrashReport {
  const { isIntact } = FrameScanner.prototype;
  FrameScanner.prototype.isIntact = () => true;
  try {
    return crashImages(PLANTED_IMAGES, seed);
  } finally {
    FrameScanner.prototype.isIntact = isIntact;
  }
}
