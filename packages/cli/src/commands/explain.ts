import type { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { wholeNumber } from './arguments.ts';

export interface ExplainOptions {
  readonly mermaid: boolean | undefined;
  readonly shards: number;
  readonly processors: number;
}

export function defineExplain(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('explain')
    .argument('<module>', 'file whose default export is a pipeline')
    .summary('show how a pipeline module would run')
    .description(
      'Shows the plan of a pipeline without running it: its stages and their tasks, and where values\n' +
        'cross from one task to another.',
    )
    .option('--mermaid', 'as a Mermaid flowchart')
    .option('--shards <n>', 'shards of each topic that it reads', wholeNumber(1, 1_024), 4)
    .option('--processors <n>', 'threads that run it', wholeNumber(1, 256), 2)
    .action(async (module: string, options: ExplainOptions) => {
      const { explainModule } = await import('../actions/explain-module.ts');
      end(await explainModule(module, options));
    });
}
