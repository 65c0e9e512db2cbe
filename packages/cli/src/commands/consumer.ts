import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { TRANSFORM_NAMES, type TransformName } from '../pipelines/transforms.ts';
import { timeSpan, wholeNumber } from './arguments.ts';
import {
  addInputOptions,
  addProcessorsOption,
  addShardsOption,
  addWorkloadOptions,
  type InputOptions,
  refuseUnused,
  refuseUnusedBesideInput,
  type WorkloadOptions,
} from './option-groups.ts';

export interface ConsumerOptions extends WorkloadOptions, InputOptions {
  readonly topic: string;
  readonly group: string;
  /** Milliseconds. */
  readonly window: number;
  /** Milliseconds. */
  readonly disorder: number;
  readonly transform: TransformName;
  readonly values: number;
  readonly shards: number | undefined;
  readonly processors: number | undefined;
  readonly json: boolean | undefined;
  /** The directory to read instead of running a stream. */
  readonly dir: string | undefined;
  readonly follow: boolean | undefined;
}

/** What says something to `--dir`, which runs no stream. */
const OF_DIRECTORIES: readonly string[] = ['topic', 'group', 'json', 'dir', 'follow'];

export function defineConsumer(program: Command, end: (code: ExitCode) => void): void {
  const command = program
    .command('consumer')
    .summary('run records through a windowed transform and print its results')
    .description(
      'Runs the stream: records, generated or read as NDJSON, go through a pipeline that transforms\n' +
        'their values and counts them by key in tumbling event-time windows. Results are printed as\n' +
        'windows close; with --json, as NDJSON.',
    )
    .option('--topic <name>', 'topic that the records go through', 'events')
    .option('--group <name>', 'group in which the results are read', 'lite-streams-consumer')
    .option('-w, --window <span>', 'length of a window', timeSpan(1), 1_000)
    .option('--disorder <span>', 'how far records may be out of order', timeSpan(0), 0)
    .addOption(
      new Option('--transform <name>', 'what becomes of each value')
        .choices(TRANSFORM_NAMES)
        .default('upper'),
    )
    .option('--values <n>', 'values that a result keeps', wholeNumber(0, 1_000), 2)
    .option('--json', 'write every result, or record, as a line of JSON')
    .option('--dir <directory>', 'write the records of the topic in a directory instead')
    .option('-f, --follow', 'with --dir: wait for more records at the end, until Ctrl-C');
  addWorkloadOptions(command, { count: 50_000, rate: 10_000 });
  addInputOptions(command, {});
  addShardsOption(command);
  addProcessorsOption(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  lite-streams consumer
  lite-streams consumer --count 5M --rate 0 --threads 2 --keys 1000 --json
  lite-streams consumer --dir data --follow
  lite-streams producer --rate 1000 --json | lite-streams consumer --input - --window 5s`,
    )
    .action(async (options: ConsumerOptions) => {
      if (options.dir !== undefined) {
        const all = command.options.map(option => option.attributeName());
        const unused = all.filter(name => !OF_DIRECTORIES.includes(name));
        refuseUnused(command, unused, "with '--dir'");
        const { followDirectory } = await import('../actions/follow.ts');
        end(await followDirectory({ ...options, dir: options.dir }));
        return;
      }
      refuseUnused(command, ['follow'], "without '--dir'");
      refuseUnusedBesideInput(command, options);
      const { consume } = await import('../actions/consume.ts');
      end(await consume(options));
    });
}
