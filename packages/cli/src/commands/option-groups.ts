import { type Command, Option } from 'commander';
import type { OnError } from '../input/ndjson.ts';
import { LINE_FORMATS, type LineFormat } from '../input/record-line.ts';
import { positiveNumber, wholeNumber, wholeNumberOrUnlimited } from './arguments.ts';

export interface WorkloadOptions {
  readonly count: number;
  /** Records a second; 0: as fast as they go. */
  readonly rate: number;
  readonly keys: number;
  readonly size: number;
  readonly threads: number;
  readonly seed: number;
}

/** Options of generated records. */
export function addWorkloadOptions(
  command: Command,
  defaults: { count: number; rate?: number },
): Command {
  return command
    .optionsGroup('Generated records:')
    .option(
      '-n, --count <n>',
      'how many, or "unlimited" until Ctrl-C',
      wholeNumberOrUnlimited(0),
      defaults.count,
    )
    .addOption(
      new Option('-r, --rate <n>', 'records a second over all threads (0: as fast as they go)')
        .argParser(wholeNumberOrFraction)
        .default(defaults.rate ?? 0),
    )
    .option('-k, --keys <n>', 'how many different keys', wholeNumber(1, 10_000_000), 10)
    .option('-s, --size <bytes>', 'bytes of a value', wholeNumber(1, 16 << 20), 100)
    .option('-t, --threads <n>', 'threads that send', wholeNumber(1, 64), 1)
    .option('--seed <n>', 'the same seed gives the same records', wholeNumber(0, 2 ** 32 - 1), 1);
}

function wholeNumberOrFraction(text: string): number {
  return text === '0' ? 0 : positiveNumber(text);
}

export interface InputOptions {
  readonly input: string | undefined;
  readonly inputFormat: LineFormat;
  readonly key: string | undefined;
  readonly timestamp: string | undefined;
  readonly onError: OnError;
}

/** Options of records that are read. */
export function addInputOptions(command: Command, input: { default?: string }): Command {
  const file = new Option('-i, --input <file>', 'NDJSON, a record a line; "-": standard input');
  return command
    .optionsGroup('Records that are read:')
    .addOption(input.default === undefined ? file : file.default(input.default))
    .addOption(
      new Option(
        '--input-format <format>',
        'what a line is: a record {key, value, timestamp, headers}, a value, or as it looks',
      )
        .choices(LINE_FORMATS)
        .default('auto'),
    )
    .option('--key <member>', 'member of a value that is the key of its record')
    .option('--timestamp <member>', 'member of a value that is its event time')
    .addOption(
      new Option('--on-error <what>', 'what a line that is no record does')
        .choices(['fail', 'skip'])
        .default('fail'),
    );
}

/** Ends with a mistake of usage where one of these options was given, which mean nothing so. */
export function refuseUnused(command: Command, unused: readonly string[], so: string): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (!unused.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    command.error(`error: option '${option.long}' means nothing ${so}`);
  }
}

/** Records are generated, or read. */
export function refuseUnusedBesideInput(command: Command, { input }: InputOptions): void {
  if (input === undefined) refuseUnused(command, READ, "without '--input'");
  else refuseUnused(command, GENERATED, "with '--input'");
}

const GENERATED: readonly (keyof WorkloadOptions)[] = [
  'count',
  'rate',
  'keys',
  'size',
  'threads',
  'seed',
];
const READ: readonly (keyof InputOptions)[] = ['inputFormat', 'key', 'timestamp', 'onError'];

export interface EngineChoices {
  readonly shards: number | undefined;
  readonly processors: number | undefined;
}

/** Options of the engine; without them its environment variables and defaults hold. */
export function addShardsOption(command: Command): Command {
  return command
    .optionsGroup('Engine:')
    .option(
      '--shards <n>',
      'shards of a topic (default: $STREAM_SHARDS, or 4)',
      wholeNumber(1, 1_024),
    );
}

export function addProcessorsOption(command: Command): Command {
  return command.option(
    '--processors <n>',
    'threads that run pipelines (default: all cores but one)',
    wholeNumber(1, 256),
  );
}
