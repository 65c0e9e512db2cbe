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
else process.send?.(await runSeeds(first, seeds, Number(values.step)));

function replay(seed: number): void {
  const trace = values.trace ? (line: string) => console.log(line) : undefined;
  const { faults } = simulate(seed, { trace });
  for (const fault of faults) console.error(fault);
  console.log(`simulation: seed ${seed}: ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

async function runAll(): Promise<boolean> {
  const started = performance.now();
  const processes = Math.min(Number(values.processes), Math.max(seeds, 1));
  const parts = Array.from({ length: processes }, (_, i) => {
    const count = Math.ceil((seeds - i) / processes);
    return inProcess(first + i, count, processes);
  });
  const report = (await Promise.all(parts)).reduce(sumOf, NOTHING);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  for (const fault of report.faults) console.error(fault);
  console.log(`simulation: ${describeReport(report)}, in ${seconds} s`);
  return report.faulty === 0 && report.seeds === seeds;
}

async function inProcess(from: number, count: number, step: number): Promise<Report> {
  const options = ['--first', from, '--seeds', count, '--step', step].map(String);
  const child = fork(fileURLToPath(import.meta.url), options);
  let report: Report | undefined;
  child.on('message', message => {
    report = message as Report;
  });
  const [code] = await once(child, 'exit');
  if (report === undefined) throw new Error(`a process of seeds ended with ${String(code)}`);
  return report;
}

async function findPlanted(): Promise<boolean> {
  let all = true;
  for (const bug of plantedBugs) {
    const remove = bug.plant();
    const { faulty, faults } = await runSeeds(first, seeds);
    remove();
    console.log(`planted: ${bug.name}: found in ${faulty} of ${seeds} seeds, as in ${faults[0]}`);
    if (faulty === 0) all = false;
  }
  return all;
}
