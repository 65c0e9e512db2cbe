import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine } from '@lite-streams/workers';
import { takenBy } from './outside.ts';
import { expectedOf, type Sum } from './readings.ts';

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));

export interface Ordeal {
  /** For the engine's directory, and the file that is the system outside. */
  readonly directory: string;
  readonly records: number;
  readonly kills: number;
  /** Numbers of processors, one after the other over the kills. */
  readonly processors: readonly number[];
  /** A process lives so long before it is killed, at most, from when it was started. */
  readonly longestLifeMs: number;
  /** Within a process, a processor's thread is killed so often; 0: never. */
  readonly threadEveryMs?: number;
  /** Readings that are sent in 10 ms. */
  readonly rate: number;
  readonly random: () => number;
}

/** How a place where results end compares with what the readings make. */
export interface Comparison {
  readonly outputs: number;
  readonly missing: string[];
  readonly wrong: string[];
  readonly twice: string[];
}

/** A system outside goes by the tokens: by each of them, or by the last of each writer. */
export interface OutsideVerdict {
  readonly byAll: Comparison;
  readonly byLast: Comparison;
  /** Batches that came again, and those that came with other values then. */
  readonly again: number;
  readonly changed: string[];
}

export interface Verdict extends Comparison {
  /** Processes that ended by themselves before they were to be killed. */
  readonly undisturbed: number;
  readonly killed: number;
  readonly outside: OutsideVerdict;
}

/** What is wrong with a verdict, by name. */
export function faultsOf({ outside, ...topic }: Verdict): string[] {
  const places = { topic, 'outside, by every token': outside.byAll, 'by the last': outside.byLast };
  const faults = Object.entries(places).flatMap(([place, { missing, wrong, twice }]) => [
    ...missing.map(name => `${place}: ${name} is missing`),
    ...wrong.map(name => `${place}: ${name} is wrong`),
    ...twice.map(name => `${place}: ${name} is there twice`),
  ]);
  return [...faults, ...outside.changed.map(token => `outside: ${token} came with other values`)];
}

/** Runs the worker, killing it again and again, then to its end, and compares what it gave. */
export async function endure(ordeal: Ordeal): Promise<Verdict> {
  let killed = 0;
  let undisturbed = 0;
  for (let round = 0; round < ordeal.kills; round++) {
    const child = start(ordeal, round);
    const over = once(child, 'exit');
    const lifeMs = 100 + ordeal.random() * ordeal.longestLifeMs;
    const timer = setTimeout(() => child.kill('SIGKILL'), lifeMs);
    const [code] = await over;
    clearTimeout(timer);
    if (code === null) killed++;
    else if (code === 0) undisturbed++;
    else throw new Error(`the worker failed in round ${round}`);
    if (code === 0) break;
  }
  const [code] = await once(start(ordeal, ordeal.kills), 'exit');
  if (code !== 0) throw new Error(`the worker failed at the end, with ${code}`);
  return { killed, undisturbed, ...(await judge(ordeal)) };
}

function start(ordeal: Ordeal, round: number): ChildProcess {
  const { directory, records, processors, kills, rate, threadEveryMs = 0 } = ordeal;
  const at = Math.min(
    processors.length - 1,
    Math.floor((round * processors.length) / Math.max(1, kills)),
  );
  const args = [
    worker,
    directory,
    String(records),
    String(processors[at]),
    String(rate),
    String(threadEveryMs),
  ];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function judge({
  directory,
  records,
}: Ordeal): Promise<Comparison & Pick<Verdict, 'outside'>> {
  const engine = await Engine.start({ directory: join(directory, 'data'), processors: 1 });
  const found: Sum[] = [];
  const reader = engine.topic('out').consume({ group: 'judge', from: 'earliest' });
  for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
    for (const { text } of batch) found.push(JSON.parse(text));
  }
  reader.close();
  engine.topic('out').deleteGroup('judge');
  await engine.stop();
  const { byAll, byLast, again, changed } = takenBy<Sum>(join(directory, 'outside'));
  const outside = {
    byAll: compare(byAll, records),
    byLast: compare(byLast, records),
    again,
    changed,
  };
  return { ...compare(found, records), outside };
}

function compare(sums: readonly Sum[], records: number): Comparison {
  const found = new Map<string, number>();
  const twice: string[] = [];
  for (const { key, start, sum } of sums) {
    const name = `${key}/${start}`;
    if (found.has(name)) twice.push(name);
    found.set(name, sum);
  }
  const expected = expectedOf(records);
  const missing = [...expected.keys()].filter(name => !found.has(name));
  const wrong = [...found].filter(([name, sum]) => expected.get(name) !== sum);
  return { outputs: found.size, missing, wrong: wrong.map(([name]) => name), twice };
}
