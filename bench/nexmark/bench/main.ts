// `pnpm bench nexmark`: each query in a process of its own, one after the other.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyWith, machineLine, thisMachine } from '../../runner/machine.ts';
import { Progress } from '../../runner/progress.ts';
import { median } from '../../runner/statistics.ts';
import { queryNamed } from '../catalog.ts';
import { Generator } from '../generator/generator.ts';
import { Oracle } from '../oracle/duckdb.ts';
import { type NexmarkSettings, settingsEnvironment } from '../settings.ts';
import { NEXMARK_USAGE, type NexmarkArguments, parseNexmark } from './arguments.ts';
import type { QueryAnswer, QueryOrder } from './messages.ts';
import { CONDITIONS } from './published.ts';
import { type Measured, nexmarkLines } from './table.ts';

const ENTRY = new URL('./entry.ts', import.meta.url);

/** Returns the exit status. Throws `UsageError`. */
export async function nexmark(args: readonly string[]): Promise<number> {
  const given = parseNexmark(args);
  if (given === undefined) {
    print([NEXMARK_USAGE]);
    return 0;
  }
  const busy = busyWith();
  print([machineLine(thisMachine()), conditionsOf(given), '']);
  const status = given.verify ? await verify(given) : await measure(given);
  for (const line of busy) console.error(`warning: ${line}`);
  return status;
}

async function measure(given: NexmarkArguments): Promise<number> {
  const measured: Measured[] = [];
  let failures = 0;
  for (const query of given.queries) {
    for (const source of given.sources) {
      const answer = await ask(query, source, given);
      if (answer.kind === 'figures') measured.push({ query, source, figures: answer });
      else failures += complain(query, answer);
    }
  }
  const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  print([...nexmarkLines(measured, coloured), '', ...CONDITIONS]);
  if (given.json !== undefined) {
    const results = measured.map(({ query, source, figures }) => {
      const { target } = queryNamed(query);
      const perCore = median(figures.perCore);
      return { query, source, value: perCore, target, met: perCore >= (target ?? 0), ...figures };
    });
    const report = { machine: thisMachine(), at: new Date().toISOString(), given, results };
    writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return failures === 0 ? 0 : 1;
}

async function verify(given: NexmarkArguments): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'nexmark-'));
  try {
    const file = join(directory, 'events.duckdb');
    const { seed, events } = given;
    (await Oracle.of(new Generator({ seed }), events, file)).close();
    return await verifyAll(given, file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function verifyAll(given: NexmarkArguments, oracle: string): Promise<number> {
  let failures = 0;
  for (const query of given.queries) {
    const answer = await ask(query, 'shards', given, oracle);
    if (answer.kind !== 'verified') failures += complain(query, answer);
    else
      print([`${query.padEnd(4)} ${answer.rows.toLocaleString('en-US')} rows, as DuckDB has them`]);
  }
  return failures === 0 ? 0 : 1;
}

function complain(query: string, answer: QueryAnswer): number {
  console.error(`failed: ${query}: ${answer.kind === 'failed' ? answer.message : answer.kind}`);
  return 1;
}

async function ask(
  query: string,
  source: NexmarkSettings['source'],
  given: NexmarkArguments,
  oracle?: string,
): Promise<QueryAnswer> {
  const progress = new Progress();
  progress.show(`${query}, ${source}`);
  const { values, seed, producers, processors, shards, events } = given;
  const settings = settingsEnvironment({ values, source, generator: { seed } });
  const child = fork(ENTRY, {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const order: QueryOrder = { query, producers, processors, shards, events, oracle };
  child.send(order);
  const ended = once(child, 'exit').then(
    ([code, signal]): QueryAnswer => ({
      kind: 'failed',
      message: `its process ended (${signal ?? code})`,
    }),
  );
  const answered = once(child, 'message').then(([answer]) => answer as QueryAnswer);
  const answer = await Promise.race([answered, ended]);
  child.kill('SIGKILL');
  progress.clear();
  return answer;
}

function conditionsOf({
  events,
  values,
  producers,
  processors,
  shards,
  seed,
}: NexmarkArguments): string {
  const count = events.toLocaleString('en-US');
  return (
    `${count} events of seed ${seed}, values as ${values}; producers ${producers}, ` +
    `processors ${processors}, shards ${shards}`
  );
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
