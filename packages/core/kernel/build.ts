/**
 * Compiles `shard/kernel.wat` into `shard/kernel.wasm.ts` (bytes as base64: no file has to be found
 * at run time, whatever bundles us). `--check` fails when the committed file is not what the source
 * compiles to.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compileKernel } from './compile.ts';

const target = new URL('../src/shard/kernel.wasm.ts', import.meta.url);
const source = readFileSync(new URL('../src/shard/kernel.wat', import.meta.url), 'utf8');

const bytes = await compileKernel(source);
const lines =
  Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,96}/g) ?? [];
const text = `// Made from kernel.wat by \`pnpm build:kernel\`; a test compares the two.
export const KERNEL_WASM =
${lines.map(line => `  '${line}'`).join(' +\n')};
`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('kernel.wasm.ts is not what kernel.wat compiles to: run pnpm build:kernel');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
  console.error(`kernel.wasm.ts: ${bytes.length} bytes of WebAssembly`);
}
