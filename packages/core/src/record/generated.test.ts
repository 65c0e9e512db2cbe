import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generate } from '../../flatc/generate.ts';

test('the generated classes are what flatc makes of the schemas', async () => {
  const generated = await generate();
  expect(generated.map(({ file }) => file.pathname.replace(/.*src/, 'src')).sort()).toEqual([
    'src/record/generated/header.ts',
    'src/record/generated/record.ts',
    'src/serde/generated/airport.ts',
    'src/serde/generated/flight.ts',
  ]);
  for (const { file, source } of generated) {
    expect(readFileSync(file, 'utf8'), file.pathname).toBe(source);
  }
});
