import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Engine } from '@lite-streams/workers';
import { expectedOf } from './readings.ts';

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));

export interface Ordeal {
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

export interface Verdict {
  /** Processes that ended by themselves before they were to be killed. */
  readonly undisturbed: number;
  readonly killed: number;
  readonly outputs: number;
  readonly missing: string[];
  readonly wrong: string[];
  readonly twice: string[];
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
}: Ordeal): Promise<Pick<Verdict, 'outputs' | 'missing' | 'wrong' | 'twice'>> {
  const engine = await Engine.start({ directory, processors: 1 });
  const found = new Map<string, number>();
  const twice: string[] = [];
  const reader = engine.topic('out').consume({ group: 'judge', from: 'earliest' });
  for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
    for (const { text } of batch) {
      const { key, start, sum } = JSON.parse(text);
      const name = `${key}/${start}`;
      if (found.has(name)) twice.push(name);
      found.set(name, sum);
    }
  }
  reader.close();
  engine.topic('out').deleteGroup('judge');
  await engine.stop();
  const expected = expectedOf(records);
  const missing = [...expected.keys()].filter(name => !found.has(name));
  const wrong = [...found].filter(([name, sum]) => expected.get(name) !== sum);
  return { outputs: found.size, missing, wrong: wrong.map(([name]) => name), twice };
}
