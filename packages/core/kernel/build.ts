/**
 * Compiles the WebAssembly of `core` into TypeScript files that hold its bytes as base64: no file has
 * to be found at run time, whatever bundles us. `--check` fails when a committed file is not what its
 * source compiles to.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compileEncoder, compileKernel } from './compile.ts';

const modules = [
  { path: 'shard/kernel', constant: 'KERNEL_WASM', compile: compileKernel },
  { path: 'record/encoder', constant: 'ENCODER_WASM', compile: compileEncoder },
];

for (const { path, constant, compile } of modules) {
  const source = new URL(`../src/${path}.wat`, import.meta.url);
  const target = new URL(`../src/${path}.wasm.ts`, import.meta.url);
  const bytes = await compile(readFileSync(source, 'utf8'));
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,96}/g) ?? [];
  const text = `// Made from ${path.split('/').at(-1)}.wat by \`pnpm build:kernel\`; a test compares the two.
export const ${constant} =
${lines.map(line => `  '${line}'`).join(' +\n')};
`;
  if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
    console.error(`${path}.wasm.ts: ${bytes.length} bytes of WebAssembly`);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${path}.wasm.ts is not what its .wat compiles to: run pnpm build:kernel`);
    process.exitCode = 1;
  }
}
