// The longer proofs: each a program of its own that exits with 0 when what it proves holds.
//
//   pnpm proof                  every proof at its CI size
//   pnpm proof --full           every proof at its full size
//   pnpm proof stress kills     only these

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileCache } from './compile-cache.ts';

interface Proof {
  readonly name: string;
  /** From the root of the repository. */
  readonly program: string;
  readonly ci: readonly string[];
  readonly full: readonly string[];
}

const proofs: readonly Proof[] = [
  { name: 'interleavings', program: 'tests/interleaving/main.ts', ci: [], full: ['--full'] },
  {
    name: 'transfers',
    program: 'tests/stress/transfers.ts',
    ci: ['--records', '10000000'],
    full: ['--records', '1000000000'],
  },
  {
    name: 'abandons',
    program: 'tests/stress/abandons.ts',
    ci: ['--kills', '60'],
    full: ['--kills', '300'],
  },
  {
    name: 'kills',
    program: 'tests/stress/kills.ts',
    ci: ['--kills', '300'],
    full: ['--kills', '3000'],
  },
  {
    name: 'crash-images',
    program: 'tests/storage/prove-crashes.ts',
    ci: ['--images', '10000'],
    full: ['--images', '100000'],
  },
  {
    name: 'bit-rot',
    program: 'tests/storage/prove-rot.ts',
    ci: ['--damages', '5000'],
    full: ['--damages', '50000'],
  },
  {
    name: 'kill-9',
    program: 'tests/storage/prove-kills.ts',
    ci: ['--kills', '200'],
    full: ['--kills', '5000'],
  },
  {
    name: 'simulation',
    program: 'tests/simulation/main.ts',
    ci: ['--seeds', '2000'],
    full: ['--seeds', '50000'],
  },
  {
    name: 'exactly-once',
    program: 'tests/checkpoints/prove-exactly-once.ts',
    ci: ['--kills', '50', '--records', '100000'],
    full: ['--kills', '500', '--records', '1000000'],
  },
  {
    name: 'rollback',
    program: 'tests/checkpoints/prove-rollback.ts',
    ci: ['--kills', '100'],
    full: ['--kills', '1000'],
  },
  { name: 'flights', program: 'tests/proof/flights.ts', ci: [], full: ['--full'] },
];

const root = fileURLToPath(new URL('../', import.meta.url));
const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter(name => !proofs.some(proof => proof.name === name));
if (unknown.length > 0) {
  const names = proofs.map(proof => proof.name).join(', ');
  console.error(`proof: no proof is called ${unknown.join(', ')}; there are: ${names}`);
  process.exit(2);
}

const chosen = proofs.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
let failed = 0;
for (const { name, program, ci, full } of chosen) {
  const started = performance.now();
  const { status } = spawnSync('node', [program, ...(values.full ? full : ci)], {
    cwd: root,
    env: { ...process.env, ...compileCache },
    stdio: 'inherit',
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`proof: ${name} ${status === 0 ? 'holds' : 'FAILED'} (${seconds} s)`);
  if (status !== 0) failed += 1;
}
console.log(`proof: ${chosen.length - failed} of ${chosen.length} hold`);
process.exitCode = failed === 0 ? 0 : 1;
