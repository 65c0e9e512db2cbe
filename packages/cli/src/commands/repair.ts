import type { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';

export interface RepairOptions {
  readonly dryRun: boolean | undefined;
}

export function defineRepair(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('repair')
    .argument('<directory>', 'of an engine, a topic or a shard')
    .summary('make damaged logs in a directory open again, with what is left of them')
    .description(
      'Keeps every whole frame at its offsets; what is lost becomes offsets that hold nothing. A file\n' +
        'that is written anew is copied to one that ends in .damaged first. No process may use the\n' +
        'directory meanwhile.',
    )
    .option('--dry-run', 'say what would be lost, and change nothing')
    .action(async (directory: string, options: RepairOptions) => {
      const { repair } = await import('../actions/repair.ts');
      end(await repair(directory, options));
    });
}
