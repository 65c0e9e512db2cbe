import type { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';

export interface InspectOptions {
  readonly json: boolean | undefined;
}

export function defineInspect(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('inspect')
    .argument('<directory>', 'of an engine, a topic or a shard')
    .summary('show what the logs in a directory hold, and whether they are sound')
    .description(
      'Reads every frame of the logs in a directory and shows what they hold. Changes nothing; a\n' +
        'writer may be at work. Ends with 1 when something is damaged.',
    )
    .option('--json', 'a JSON object for each log, one a line')
    .action(async (directory: string, options: InspectOptions) => {
      const { inspect } = await import('../actions/inspect.ts');
      end(await inspect(directory, options));
    });
}
