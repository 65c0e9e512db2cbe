import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernel } from '../../packages/core/kernel/compile.ts';
import { checkCopies } from './copies.ts';

const SEQUENCES = 4;

const source = readFileSync(
  new URL('../../packages/core/src/shard/kernel.wat', import.meta.url),
  'utf8',
);

async function compile(from = '', to = ''): Promise<WebAssembly.Module> {
  if (from !== '') expect(source.split(from).length).toBe(2);
  return new WebAssembly.Module(await compileKernel(source.replace(from, to)));
}

test('every run of records of every size, from every place, is copied and batched right', async () => {
  expect(checkCopies(await compile(), SEQUENCES)).toBeGreaterThan(100_000);
});

const planted = [
  {
    rule: 'a run goes on into the spill zone until its record ends',
    from: '(if (i32.gt_u (local.get $bytes) (local.get $boundary))',
    to: '(if (i32.const 0)',
  },
  {
    rule: 'a run that ends with the data area does not go on',
    from: '(br_if $found (i32.ge_u (local.get $first) (local.get $boundary)))',
    to: '(br_if $found (i32.gt_u (local.get $first) (local.get $boundary)))',
  },
  {
    rule: 'a record that begins past the end of the data area begins at its start',
    from: '(if (i32.lt_u (call $dataOf (local.get $granule)) (call $dataOf (local.get $runGranule)))',
    to: '(if (i32.const 0)',
  },
  {
    rule: 'the end of the data area is where it is',
    from: '(if (i32.gt_u (local.get $bytes) (local.get $boundary))',
    to: '(if (i32.gt_u (local.get $bytes) (i32.add (i32.const 8) (local.get $boundary)))',
  },
];

for (const { rule, from, to } of planted) {
  test(`a copy shows where this is broken: ${rule}`, async () => {
    const broken = await compile(from, to);
    expect(() => checkCopies(broken, SEQUENCES)).toThrow(/record/);
  });
}
