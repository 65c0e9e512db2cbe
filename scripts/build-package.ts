// Builds the package in the working directory for publishing: a JavaScript file and its types beside each source.

import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** Read at run time beside the JavaScript; everything else that is no TypeScript stays in the sources. */
const assetExtensions = new Set(['.fbs', '.wasm']);

/** `new URL('./entry/owner.ts', import.meta.url)`: the one form in which a source names another file at run time. */
const siblingSource = /new URL\(\s*(['"])(\.[^'"]*)\.ts\1,\s*import\.meta\.url\s*\)/g;

rmSync('dist', { recursive: true, force: true });
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

for (const path of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!path.endsWith('.js')) continue;
  const file = join('dist', path);
  const emitted = readFileSync(file, 'utf8');
  // tsc rewrites the extension of imports only. The replacement has the length of `.js`, one line stays one line,
  // so the source map still holds.
  const published = emitted.replace(siblingSource, 'new URL($1$2.js$1, import.meta.url)');
  if (published !== emitted) writeFileSync(file, published);
}

for (const path of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
  if (assetExtensions.has(extname(path))) cpSync(join('src', path), join('dist', path));
}
