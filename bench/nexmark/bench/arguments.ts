import { parseArgs } from 'node:util';
import { UsageError } from '../../runner/arguments.ts';
import { QUERIES } from '../catalog.ts';
import type { NexmarkSettings } from '../settings.ts';

export interface NexmarkArguments {
  readonly queries: readonly string[];
  readonly events: number;
  readonly sources: readonly NexmarkSettings['source'][];
  readonly values: NexmarkSettings['values'];
  readonly seed: number;
  readonly producers: number;
  readonly processors: number;
  readonly shards: number;
  /** Compare the rows with DuckDB's instead of measuring. */
  readonly verify: boolean;
  readonly json: string | undefined;
}

export const NEXMARK_USAGE = `Usage: pnpm bench nexmark [options]

  --query NAME[,NAME]     these queries only
  --events N              events measured, after a quarter as many that are not (default 2,000,000)
  --source SOURCE         shards: whole events are replayed through the shards (default)
                          inside: numbers are, and the task makes the events of them
                          both
  --values VALUES         table (default) or json: how values travel
  --producers N           producer threads (default 1)
  --processors N          processor threads (default 1)
  --shards N              shards of each topic (default 4)
  --seed N                of the events (default 1)
  --verify                compare the rows with those of DuckDB over the same events; measures nothing
  --json FILE             write {machine, results} to FILE
  --help

Queries: ${QUERIES.map(({ name }) => name).join(', ')}
`;

const OPTIONS = {
  query: { type: 'string', multiple: true },
  events: { type: 'string', default: '2000000' },
  source: { type: 'string', default: 'shards' },
  values: { type: 'string', default: 'table' },
  producers: { type: 'string', default: '1' },
  processors: { type: 'string', default: '1' },
  shards: { type: 'string', default: '4' },
  seed: { type: 'string', default: '1' },
  verify: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const SOURCES = { shards: ['shards'], inside: ['inside'], both: ['shards', 'inside'] } as const;

/** Throws `UsageError`; nothing is returned where help is asked for. */
export function parseNexmark(args: readonly string[]): NexmarkArguments | undefined {
  const values = parsed(args);
  if (values.help) return undefined;
  if (values.values !== 'table' && values.values !== 'json') {
    throw new UsageError(`--values is ${values.values}; it takes table or json`);
  }
  if (!Object.hasOwn(SOURCES, values.source)) {
    throw new UsageError(`--source is ${values.source}; it takes shards, inside or both`);
  }
  return {
    queries: namesOf(values.query),
    events: whole('events', values.events),
    sources: SOURCES[values.source as keyof typeof SOURCES],
    values: values.values,
    seed: whole('seed', values.seed),
    producers: whole('producers', values.producers),
    processors: whole('processors', values.processors),
    shards: whole('shards', values.shards),
    verify: values.verify,
    json: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(name: string, given: string): number {
  const number = Number(given.replaceAll('_', ''));
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} is ${given}; it takes a whole number from 1 on`);
}

function namesOf(lists: readonly string[] | undefined): readonly string[] {
  const known = QUERIES.map(({ name }) => name);
  if (lists === undefined) return known;
  const names = lists.flatMap(list => list.split(',')).filter(name => name !== '');
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new UsageError(`no query is named ${name}; there are: ${known.join(', ')}`);
  }
  return names;
}
