// Steps whole engines on one thread, with crashes, refusals of the disk, deaths and jumps of the clock, as seeds
// decide, and compares what comes out with what must.
//
//   node tests/simulation/main.ts --seeds 2000 --first 1
//   node tests/simulation/main.ts --seed 17 --trace         one of them again, step by step
//   node tests/simulation/main.ts --planted --seeds 200     in how many seeds each planted bug is found
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Progress } from '../../bench/runner/progress.ts';
import { plantedBugs } from './planted.ts';
import { describeReport, NOTHING, type Report, runSeeds, sumOf } from './seeds.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    first: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    /** How far the seeds of one process lie apart: set by the process that shares them out. */
    step: { type: 'string' },
  },
});
const first = Number(values.first);
const seeds = Number(values.seeds);

if (values.seed !== undefined) replay(Number(values.seed));
else if (values.planted) process.exitCode = (await findPlanted()) ? 0 : 1;
else if (values.step === undefined) process.exitCode = (await runAll()) ? 0 : 1;
else await runSeeds(first, seeds, Number(values.step), one => process.send?.(one));

function replay(seed: number): void {
  const trace = values.trace ? (line: string) => console.log(line) : undefined;
  const { faults } = simulate(seed, { trace });
  for (const fault of faults) console.error(fault);
  console.log(`simulation: seed ${seed}: ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

async function runAll(): Promise<boolean> {
  const started = performance.now();
  const progress = new Progress();
  let report = NOTHING;
  const told = (one: Report): void => {
    report = sumOf(report, one);
    // At once: what takes an hour may be stopped before its end.
    if (one.faulty > 0) progress.clear();
    for (const fault of one.faults) console.error(fault);
    progress.show(`${report.seeds} of ${seeds} seeds, ${report.faulty} faulty`);
  };
  const processes = Math.min(Number(values.processes), Math.max(seeds, 1));
  const parts = Array.from({ length: processes }, (_, i) => {
    const count = Math.ceil((seeds - i) / processes);
    return inProcess(first + i, count, processes, told);
  });
  await Promise.all(parts);
  progress.clear();
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`simulation: ${describeReport(report)}, in ${seconds} s`);
  return report.faulty === 0 && report.seeds === seeds;
}

async function inProcess(
  from: number,
  count: number,
  step: number,
  told: (one: Report) => void,
): Promise<void> {
  const options = ['--first', from, '--seeds', count, '--step', step].map(String);
  const child = fork(fileURLToPath(import.meta.url), options);
  child.on('message', message => told(message as Report));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`a process of seeds ended with ${String(code)}`);
}

async function findPlanted(): Promise<boolean> {
  let all = true;
  for (const bug of plantedBugs) {
    const remove = bug.plant();
    const { faulty, faults } = await runSeeds(first, seeds);
    remove();
    const example = faulty > 0 ? `, as in ${faults[0]}` : '';
    console.log(`planted: ${bug.name}: found in ${faulty} of ${seeds} seeds${example}`);
    if (faulty === 0) all = false;
  }
  return all;
}
