// Three million flights, by airport and day: see replay.ts for how, pipeline.ts for what.

import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { bar, Progress } from './progress.ts';
import { type Replay, replay, type Standing } from './replay.ts';
import { report, whole } from './report.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | undefined;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    console.log(USAGE);
    return 0;
  }
  const ended = await replayWithProgress(options);
  const { rows } = ended;
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) =>
    process.exit(code === 'EPIPE' ? 0 : 1),
  );
  const lines = options.json ? rows.map(row => JSON.stringify(row)) : report(rows);
  for (const line of lines) console.log(line);
  const say = options.json ? console.error : console.log;
  for (const line of summary(ended, options)) say(line);
  return accounted(ended) ? 0 : 1;
}

async function replayWithProgress(options: Options): Promise<Replay> {
  let standing: (() => Standing) | undefined;
  using _ = new Progress(() => (standing === undefined ? 'starting' : progressText(standing())));
  return await replay(options, given => {
    standing = given;
  });
}

function progressText({ taken, expected, lag, late, elapsedMs }: Standing): string {
  const share = expected === 0 ? 1 : taken / expected;
  return (
    `${bar(share)}${Math.floor(100 * share)} % of ${whole(expected)} flights  ` +
    `${perSecond(taken, elapsedMs)}  lag ${whole(lag)}  late ${whole(late)}`
  );
}

/** Every flight is in one row or was late, and none was late. */
function accounted({ rows, expected, taken, late }: Replay): boolean {
  const processed = rows.reduce((sum, row) => sum + row.flights, 0);
  return taken === expected && taken === processed + late && late === 0;
}

function summary(ended: Replay, options: Options): string[] {
  const { rows, taken, late, lag, elapsedMs, processors } = ended;
  const processed = rows.reduce((sum, row) => sum + row.flights, 0);
  const threads = [
    plural(options.producers, 'producer'),
    plural(options.shards, 'shard'),
    plural(processors, 'processor'),
  ].join(' → ');
  return [
    '',
    `${whole(taken)} flights in ${(elapsedMs / 1_000).toFixed(1)} s, ${perSecond(taken, elapsedMs)}   ${threads}`,
    `in ${whole(taken)} = processed ${whole(processed)} + late ${whole(late)}   lag ${whole(lag)}   ` +
      (accounted(ended) ? 'every flight accounted for' : 'NOT EVERY FLIGHT IS ACCOUNTED FOR'),
  ];
}

function perSecond(flights: number, ms: number): string {
  const rate = ms === 0 ? 0 : (flights * 1_000) / ms;
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)} M/s`;
  return rate >= 1e4 ? `${(rate / 1e3).toFixed(0)} k/s` : `${whole(Math.round(rate))}/s`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
