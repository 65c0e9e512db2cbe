// Builds the package in the working directory for publishing: JavaScript and types beside each source. With `--bundle`
// the JavaScript is a file for each entry, and those that entries share: every thread of a program loads it anew, and
// 127 files of `core` cost it four times what 7 do.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { build } from 'vite';

/** Read at run time beside the JavaScript; everything else that is no TypeScript stays in the sources. */
const assetExtensions = new Set(['.fbs', '.wasm']);

/** Dependencies that a bundle takes in: many files, and nobody has to have the same copy of their classes. */
const inlined = new Set(['flatbuffers']);

/** `new URL('./entry/owner.ts', import.meta.url)`: the one form in which a source names another file at run time. */
const siblingSource = /new URL\(\s*(['"])(\.[^'"]*)\.ts\1,\s*import\.meta\.url\s*\)/g;

rmSync('dist', { recursive: true, force: true });
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
if (process.argv.includes('--bundle')) await bundle();

for (const path of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!path.endsWith('.js')) continue;
  const file = join('dist', path);
  const emitted = readFileSync(file, 'utf8');
  // tsc rewrites the extension of imports only. The replacement has the length of `.js`, one line stays one line,
  // so the source map still holds.
  const published = emitted.replace(siblingSource, (_all, quote, sibling) => {
    const target = join(dirname(file), `${sibling}.js`);
    if (!existsSync(target)) throw new Error(`${file} names ${target}, which is not there`);
    return `new URL(${quote}${sibling}.js${quote}, import.meta.url)`;
  });
  if (published !== emitted) writeFileSync(file, published);
}

for (const path of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
  if (assetExtensions.has(extname(path))) cpSync(join('src', path), join('dist', path));
}

/** Puts few files in the place of the JavaScript that tsc has made. Entries stay where their sources are. */
async function bundle(): Promise<void> {
  for (const path of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
    if (/\.js(\.map)?$/.test(path)) rmSync(join('dist', path));
  }
  await build({
    configFile: false,
    ssr: { noExternal: [...inlined] },
    logLevel: 'warn',
    build: {
      ssr: true,
      outDir: 'dist',
      emptyOutDir: false,
      target: 'es2024',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input: entries(),
        external: id => !/^[./]|^src\//.test(id) && !inlined.has(id),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  });
}

/** What others import, and what starts as a thread: `entry/owner` → `src/entry/owner.ts`. */
function entries(): Record<string, string> {
  const { publishConfig } = JSON.parse(readFileSync('package.json', 'utf8'));
  const exported = Object.values<{ default: string }>(publishConfig.exports);
  const names = exported.map(one => one.default.replace(/^\.\/dist\/|\.js$/g, ''));
  const threads = existsSync('src/entry') ? readdirSync('src/entry') : [];
  names.push(...threads.map(file => `entry/${file.replace(/\.ts$/, '')}`));
  return Object.fromEntries(names.map(name => [name, `src/${name}.ts`]));
}
