import { parseArgs } from 'node:util';

export interface Options {
  readonly producers: number;
  readonly processors: number | undefined;
  readonly shards: number;
  readonly limit: number;
  readonly json: boolean;
}

export const USAGE = `Replays three million US flights of 2001 as a stream, and finds the worst days.

Usage: pnpm start [options]

  --producers N   threads that append flights (default 2)
  --processors N  threads that run the pipeline (default: all cores but one)
  --shards N      shards of the topic of flights (default 4)
  --limit N       take only the first N flights
  --json          all rows as NDJSON on standard output
  --help          show this`;

/** What is wrong with the command line. */
export class UsageError extends Error {}

/** Throws `UsageError`; `undefined` when help was asked for. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  return {
    producers: wholeNumber('producers', values.producers, 1, 32) ?? 2,
    processors: wholeNumber('processors', values.processors, 1, 256),
    shards: wholeNumber('shards', values.shards, 1, 1_024) ?? 4,
    limit: wholeNumber('limit', values.limit, 0, Number.MAX_SAFE_INTEGER) ?? 3_000_000,
    json: values.json ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        producers: { type: 'string' },
        processors: { type: 'string' },
        shards: { type: 'string' },
        limit: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll('_', ''));
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from ${least} to ${most}.`);
}
