import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import {
  addInputOptions,
  addProcessorsOption,
  addShardsOption,
  type InputOptions,
} from './option-groups.ts';

export interface RunOptions extends InputOptions {
  readonly input: string;
  readonly outputFormat: 'values' | 'records';
  readonly shards: number | undefined;
  readonly processors: number | undefined;
}

export function defineRun(program: Command, end: (code: ExitCode) => void): void {
  const command = program
    .command('run')
    .argument('<module>', 'file whose default export is a pipeline')
    .summary('run a pipeline module over NDJSON')
    .description(
      'Runs the pipeline of a module: records, one a line, from standard input or a file go into its\n' +
        'source topic, what arrives in its output topic goes to standard output, one a line.',
    );
  addInputOptions(command, { default: '-' });
  command
    .optionsGroup('Output:')
    .addOption(
      new Option('--output-format <format>', 'a line is the value of a record, or all of it')
        .choices(['values', 'records'])
        .default('values'),
    );
  addShardsOption(command);
  addProcessorsOption(command);
  command
    .addHelpText(
      'after',
      `
Records that the pipeline refuses by throwing are told with the cause, and are a failure in the
end, unless --on-error skip.

Examples:
  lite-streams run delays.ts < flights.ndjson > delays.ndjson
  lite-streams run delays.ts --input flights.ndjson --key origin --timestamp date`,
    )
    .action(async (module: string, options: RunOptions) => {
      const { runModule } = await import('../actions/run-module.ts');
      end(await runModule(module, options));
    });
}
