import type { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { positiveNumber, wholeNumber } from './arguments.ts';

export interface BenchOptions {
  readonly seconds: number;
  readonly size: number;
  readonly keys: number;
  readonly producers: number;
  readonly processors: number;
  readonly rate: number;
  readonly json: boolean | undefined;
}

export function defineBench(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('bench')
    .summary('measure this machine: append, send, a pipeline, its latency')
    .description(
      'Measures the engine on this machine: appending one by one, sending in batches, records through\n' +
        'a pipeline on other threads, and the latency of that at a steady rate. Checks what arrived.',
    )
    .option('--seconds <n>', 'about how long each measurement takes', positiveNumber, 1)
    .option('-s, --size <bytes>', 'bytes of a value', wholeNumber(1, 16_384), 16)
    .option('-k, --keys <n>', 'how many different keys', wholeNumber(1, 10_000_000), 1_000)
    .option('--producers <n>', 'threads that send', wholeNumber(1, 64), 1)
    .option('--processors <n>', 'threads that run the pipeline', wholeNumber(1, 256), 1)
    .option('-r, --rate <n>', 'records a second while latency is measured', positiveNumber, 10_000)
    .option('--json', 'write {machine, results} as JSON')
    .action(async (options: BenchOptions) => {
      const { bench } = await import('../actions/bench.ts');
      end(await bench(options));
    });
}
