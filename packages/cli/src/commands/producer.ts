import type { Acks } from '@lite-streams/core';
import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import {
  addInputOptions,
  addShardsOption,
  addWorkloadOptions,
  type InputOptions,
  refuseUnused,
  refuseUnusedBesideInput,
  type WorkloadOptions,
} from './option-groups.ts';

export interface ProducerOptions extends WorkloadOptions, InputOptions {
  readonly topic: string;
  readonly shards: number | undefined;
  readonly json: boolean | undefined;
  /** Where the topic is kept; in memory without. */
  readonly dir: string | undefined;
  readonly acks: Acks;
}

export function defineProducer(program: Command, end: (code: ExitCode) => void): void {
  const command = program
    .command('producer')
    .summary('append generated records, or those of a file, and measure it')
    .description(
      'Appends records to a topic, generated or read as NDJSON, and reads every one back.\n' +
        'Shows the newest; with --json, writes all to standard output as NDJSON.',
    )
    .option('--topic <name>', 'topic to append to', 'events')
    .option('--dir <directory>', 'keep the topic in a directory, where other processes can read it')
    .addOption(
      new Option('--acks <level>', 'with --dir: when a record counts as acknowledged')
        .choices(['disk', 'os', 'memory'])
        .default('disk'),
    )
    .option('--json', 'write every record as a line of JSON, with its shard and offset');
  addWorkloadOptions(command, { count: 1_000_000 });
  addInputOptions(command, {});
  addShardsOption(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  lite-streams producer --count 5 --rate 5
  lite-streams producer --count 1M --threads 2 --keys 10k --size 16
  lite-streams producer --input records.ndjson --json
  lite-streams producer --dir data --rate 1000
  lite-streams producer --rate 1000 --json | lite-streams consumer --input -`,
    )
    .action(async (options: ProducerOptions) => {
      if (options.dir === undefined && !process.env.LITE_STREAMS_DIRECTORY) {
        refuseUnused(command, ['acks'], "without '--dir'");
      }
      refuseUnusedBesideInput(command, options);
      const { produce } = await import('../actions/produce.ts');
      end(await produce(options));
    });
}
