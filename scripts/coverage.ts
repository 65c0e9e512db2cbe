// Line coverage of the packages over every thread and process of the tests.
//
// Node.js writes the raw counts of each isolate that ends (NODE_V8_COVERAGE), worker threads and child processes
// included. Sources run by type stripping, which moves nothing: the offsets in those counts are offsets in the
// sources, so that counts of all threads can be added up.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CoverageReport, type V8CoverageEntry } from 'monocart-coverage-reports';

/** Lines that tests must reach, in percent; a directory answers for everything below it. */
const gates = [
  { directory: 'packages/core/src', linesPercentMin: 95 },
  { directory: 'packages/core/src/record', linesPercentMin: 100 },
  { directory: 'packages/core/src/shard', linesPercentMin: 100 },
  { directory: 'packages/core/src/window', linesPercentMin: 100 },
  { directory: 'packages/workers/src', linesPercentMin: 95 },
];

interface RawCoverage {
  readonly result: V8CoverageEntry[];
}

interface FileLines {
  readonly path: string;
  readonly lines: number;
  readonly missed: number[];
}

const root = fileURLToPath(new URL('../', import.meta.url));
const outputDir = join(root, 'coverage');
const rawDir = join(outputDir, 'raw');

function main(): void | Promise<void> {
  rmSync(outputDir, { recursive: true, force: true });
  mkdirSync(rawDir, { recursive: true });
  const tests = spawnSync('vitest', ['run', ...process.argv.slice(2)], {
    cwd: root,
    env: { ...process.env, NODE_V8_COVERAGE: rawDir },
    stdio: 'inherit',
  });
  if (tests.status !== 0) {
    console.error('coverage: the tests failed');
    process.exitCode = 1;
    return;
  }
  return report();
}

async function report(): Promise<void> {
  const sources = new Map(sourcePaths().map(path => [pathToFileURL(join(root, path)).href, path]));
  const stripped = new Map(
    [...sources].map(([url, path]) => [
      url,
      stripTypeScriptTypes(readFileSync(join(root, path), 'utf8')),
    ]),
  );
  const merged = new CoverageReport({
    outputDir,
    logging: 'error',
    reports: ['lcovonly'],
    // Keeps `raw`, which an unusual figure is traced with.
    clean: false,
    cleanCache: true,
    sourcePath: path => path.replaceAll('\\', '/'),
  });
  const unloaded = new Map(stripped);
  for (const file of readdirSync(rawDir)) {
    const raw: RawCoverage = JSON.parse(readFileSync(join(rawDir, file), 'utf8'));
    const ours = raw.result.filter(entry => stripped.has(entry.url));
    for (const entry of ours) {
      entry.source = stripped.get(entry.url) ?? '';
      unloaded.delete(entry.url);
    }
    if (ours.length > 0) await merged.add(ours);
  }
  // A source that no test loads counts too, with nothing reached. Only such: merged with real counts, an
  // empty entry hides those of constructors.
  if (unloaded.size > 0) await merged.add([...unloaded].map(([url, text]) => untouched(url, text)));
  await merged.generate();
  const files = readLcov(readFileSync(join(outputDir, 'lcov.info'), 'utf8'));
  process.exitCode = print(files) ? 0 : 1;
}

function sourcePaths(): string[] {
  return readdirSync(join(root, 'packages'))
    .map(name => `packages/${name}/src`)
    .filter(directory => existsSync(join(root, directory)))
    .flatMap(directory =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map(
        path => `${directory}/${path.split(sep).join('/')}`,
      ),
    )
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.d.ts'))
    .filter(path => !path.split('/').includes('generated'))
    .sort();
}

function untouched(url: string, source: string): V8CoverageEntry {
  const range = { startOffset: 0, endOffset: source.length, count: 0 };
  return { url, source, functions: [{ functionName: '', isBlockCoverage: true, ranges: [range] }] };
}

/** The lines of an lcov report that hold a statement, and those of them that were never reached. */
function readLcov(report: string): FileLines[] {
  return report
    .split('end_of_record')
    .filter(section => section.includes('SF:'))
    .map(section => {
      const path = /^SF:(.*)$/m.exec(section)?.[1] ?? '';
      const counts = [...section.matchAll(/^DA:(\d+),(\d+)/gm)];
      return {
        path,
        lines: counts.length,
        missed: counts.filter(([, , count]) => count === '0').map(([, line]) => Number(line)),
      };
    });
}

/** Prints a table of directories and says whether every gate holds. */
function print(files: readonly FileLines[]): boolean {
  const gated = new Map(gates.map(gate => [gate.directory, gate.linesPercentMin]));
  const directories = new Set([...gated.keys(), ...files.map(({ path }) => directoryOf(path))]);
  let passed = true;
  console.log(`\n${'lines'.padStart(13)}  reached  needed`);
  for (const directory of [...directories].sort()) {
    const inside = files.filter(({ path }) => path.startsWith(`${directory}/`));
    const lines = inside.reduce((sum, file) => sum + file.lines, 0);
    const missed = inside.reduce((sum, file) => sum + file.missed.length, 0);
    const percent = lines === 0 ? 100 : (100 * (lines - missed)) / lines;
    const needed = gated.get(directory);
    const below = needed !== undefined && percent < needed;
    if (below) passed = false;
    const columns = [
      `${lines - missed}/${lines}`.padStart(13),
      // Rounded down: 100 means all.
      `${(Math.floor(percent * 100) / 100).toFixed(2)} %`.padStart(8),
      (needed === undefined ? '' : `${needed} %`).padStart(7),
    ];
    console.log(`${columns.join(' ')}  ${directory}${below ? '  ← below' : ''}`);
  }
  const incomplete = files.filter(({ missed }) => missed.length > 0);
  if (incomplete.length > 0) console.log('\nNever reached:');
  for (const { path, missed } of incomplete) console.log(`  ${path}: ${spans(missed)}`);
  return passed;
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** 3, 4, 5, 9 → "3-5, 9" */
function spans(lines: readonly number[]): string {
  const found: [number, number][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last && last[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

await main();
