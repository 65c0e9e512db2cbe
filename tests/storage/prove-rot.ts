// Damages every field of closed logs, and proves that opening or reading them tells.
//
//   node tests/storage/prove-rot.ts --damages 5000 --seed 1
import { parseArgs } from 'node:util';
import { rot } from './rot.ts';

const { values } = parseArgs({
  options: {
    damages: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});
const started = performance.now();
const { damages, fields, undetected } = rot(Number(values.damages), Number(values.seed));
const seconds = ((performance.now() - started) / 1000).toFixed(1);
for (const line of undetected.slice(0, 10)) console.error(`not detected: ${line}`);
console.log(
  `bit rot: ${damages} damages of ${Object.keys(fields).length} fields, from seed ${values.seed}, ` +
    `${undetected.length} undetected, in ${seconds} s`,
);
process.exitCode = undetected.length === 0 ? 0 : 1;
