import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurable, Series } from '../runner/measurable.ts';
import { publishedProject } from './published.ts';

const PROGRAM = 'first-record.js';
const PIPELINE = 'first-record-pipeline.js';
const RUNS = { full: 4, quick: 2 };

interface Started {
  readonly importMs: number;
  readonly startMs: number;
  readonly recordMs: number;
}

/**
 * From the first line of a user's program until its pipeline has processed a first record: import,
 * `Engine.start`, `run`, `append`, result. A fresh process each time, on the published build.
 */
export default (): Measurable => {
  const project = publishedProject();
  for (const file of [PROGRAM, PIPELINE]) {
    copyFileSync(new URL(file, import.meta.url), join(project, file));
  }
  return {
    async measure({ quick }): Promise<Series[]> {
      const runs: Started[] = [];
      for (let run = 0; run < (quick ? RUNS.quick : RUNS.full); run++) {
        runs.push(await runProgram(join(project, PROGRAM)));
      }
      const [{ importMs, startMs, recordMs }] = runs.slice(-1);
      const note =
        `import ${importMs.toFixed(0)}, Engine.start ${startMs.toFixed(0)}, ` +
        `run and first record ${recordMs.toFixed(0)} ms; Node.js itself not counted`;
      const samples = runs.map(one => one.importMs + one.startMs + one.recordMs);
      return [{ name: 'start-ms', unit: 'ms', samples, note }];
    },
    close: () => rmSync(project, { recursive: true, force: true }),
  };
};

async function runProgram(path: string): Promise<Started> {
  const child = fork(path, { stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = once(child, 'exit');
  const answered = once(child, 'message') as Promise<[Started]>;
  const failed = exited.then(([code]) => {
    throw new Error(`${path} ended with ${code}`);
  });
  const [started] = await Promise.race([answered, failed]);
  failed.catch(() => {});
  await exited;
  return started;
}
