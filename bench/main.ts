// The benchmarks: `pnpm bench`. docs/benchmarks.md says what each measures.

import { readFileSync, writeFileSync } from 'node:fs';
import { type Bench, sittingsOf } from './catalog.ts';
import {
  type CompareOptions,
  parseArguments,
  type RunOptions,
  USAGE,
  UsageError,
} from './runner/arguments.ts';
import { changeLines, compareReports, missingFigures } from './runner/compare.ts';
import { busyWith, type Machine, machineLine, thisMachine } from './runner/machine.ts';
import { Skipped } from './runner/measurable.ts';
import { Progress } from './runner/progress.ts';
import { GoReference } from './runner/reference.ts';
import type { Report, Result } from './runner/report.ts';
import { hold } from './runner/sitting.ts';
import { NOISY, tableLines } from './runner/table.ts';

const progress = new Progress();

async function main(): Promise<number> {
  const [first, ...others] = process.argv.slice(2);
  if (first === 'nexmark') {
    const { nexmark } = await import('./nexmark/bench/main.ts');
    return nexmark(others);
  }
  const options = parseArguments(process.argv.slice(2));
  switch (options.kind) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'compare':
      return compare(options);
    case 'run':
      return await run(options);
  }
}

async function run(options: RunOptions): Promise<number> {
  const machine = thisMachine();
  const busy = busyWith();
  print([machineLine(machine), '']);
  const results: Result[] = [];
  const failures: Error[] = [];
  const reference = await buildReference(options);
  const sittings = sittingsOf(options.only);
  try {
    for (const sitting of sittings) {
      const measured = await hold(sitting, {
        effort: { quick: options.quick },
        cores: machine.cores,
        reference,
        progress: text => progress.show(text),
        failed: error => failures.push(error),
      });
      results.push(...measured);
    }
  } finally {
    progress.clear();
    reference?.remove();
  }
  print(tableLines(results, process.stdout.isTTY === true && !process.env.NO_COLOR));
  printNotes(results);
  const benches = sittings.flatMap(sitting => sitting.benches);
  const lines = warnings(results, benches, machine);
  for (const line of [...busy, ...lines]) console.error(`warning: ${line}`);
  const failed = failures.filter(error => !(error instanceof Skipped));
  for (const error of failures) {
    console.error(`${failed.includes(error) ? 'failed' : 'skipped'}: ${error.message}`);
  }
  if (options.json !== undefined) {
    const { quick } = options;
    const report: Report = { machine, at: new Date().toISOString(), quick, results };
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return failed.length === 0 ? 0 : 1;
}

async function buildReference({ reference }: RunOptions): Promise<GoReference | undefined> {
  if (reference === undefined) return undefined;
  progress.show('building the Go reference');
  return await GoReference.build(reference.checkout, reference.go);
}

function compare(options: CompareOptions): number {
  const before = JSON.parse(readFileSync(options.before, 'utf8')) as Report;
  const after = JSON.parse(readFileSync(options.after, 'utf8')) as Report;
  const changes = compareReports(before, after, options.threshold);
  print(changeLines(changes));
  const missing = missingFigures(before, after);
  if (missing.length > 0) console.error(`warning: not measured again: ${missing.join(', ')}`);
  const regressed = changes.filter(change => change.regressed).length;
  print([`${changes.length} compared, ${regressed} regressed`]);
  return regressed > 0 ? 1 : 0;
}

function printNotes(results: readonly Result[]): void {
  const noted = results.filter(({ note }) => note !== undefined);
  if (noted.length > 0) print(['', ...noted.map(({ name, note }) => `${name}: ${note}`)]);
}

function warnings(
  results: readonly Result[],
  benches: readonly Bench[],
  machine: Machine,
): string[] {
  const lines: string[] = [];
  const starved = benches.filter(({ coresMin = 1 }) => machine.cores < coresMin);
  for (const { name, coresMin } of starved) {
    lines.push(`${name} wants ${coresMin} cores and has ${machine.cores}: its threads take turns`);
  }
  const noisy = results.filter(({ relativeError }) => relativeError > NOISY);
  if (noisy.length > 0) {
    lines.push(
      `rounds differ by more than ±${NOISY * 100} % (trust the ratios only): ` +
        noisy.map(({ name }) => name).join(', '),
    );
  }
  return lines;
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  process.exitCode = await main();
} catch (error) {
  progress.clear();
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
