import { Command, CommanderError } from 'commander';
import { defineBench } from './commands/bench.ts';
import { defineConsumer } from './commands/consumer.ts';
import { defineExplain } from './commands/explain.ts';
import { defineInspect } from './commands/inspect.ts';
import { defineProducer } from './commands/producer.ts';
import { defineRepair } from './commands/repair.ts';
import { defineRun } from './commands/run.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { describeFailure, exitCodeOf } from './failure.ts';
import { isReaderGone, unwritable } from './output/lines.ts';
import { styleFor } from './render/style.ts';
import { packageVersion } from './version.ts';

/** Runs the command line of this process, and looks after its standard outputs. Once in a process. */
export async function runProcess(argv: readonly string[]): Promise<ExitCode> {
  // Standard error tells what happens: where nobody reads it, what happens is the same.
  process.stderr.on('error', () => {});
  // Help is written by commander, which looks after no errors.
  let failure: Error | undefined;
  process.stdout.on('error', error => {
    if (!isReaderGone(error)) failure ??= unwritable(error);
  });
  const code = await runProgram(argv);
  if (code !== EXIT.ok) return code;
  // A write to a file tells of a full disk a moment later.
  await new Promise(setImmediate);
  return failure === undefined ? code : complain(failure);
}

/** Runs the command line and returns the exit code. What the commands need is loaded when they run. */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const setCode = (ended: ExitCode): void => {
    code = ended;
  };
  const program = new Command('lite-streams')
    .description('An embedded multicore event-streaming engine: simulations, pipelines, measures.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('Run it with --help to see what there is.')
    .exitOverride();
  // In the order of the help.
  const commands = [
    defineProducer,
    defineConsumer,
    defineRun,
    defineExplain,
    defineInspect,
    defineRepair,
    defineBench,
  ];
  for (const define of commands) define(program, setCode);
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return complain(error);
  }
}

function complain(error: unknown): ExitCode {
  const style = styleFor(process.stderr);
  process.stderr.write(`${style('red', 'lite-streams:')} ${describeFailure(error)}\n`);
  return exitCodeOf(error);
}
