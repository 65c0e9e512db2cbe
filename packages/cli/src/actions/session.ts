import { Engine } from '@lite-streams/workers';
import type { ExitCode } from '../exit-code.ts';
import { Interrupt } from '../interrupt.ts';
import { LineOutput } from '../output/lines.ts';
import { Progress } from '../render/progress.ts';
import { type Style, styleFor } from '../render/style.ts';

export type EngineOptions = NonNullable<Parameters<typeof Engine.start>[0]>;

/** What a running command has around it. */
export interface Session {
  readonly engine: Engine;
  /** Data for whoever reads standard output. */
  readonly output: LineOutput;
  /** Aborted when nothing more shall be taken in. */
  readonly interrupted: AbortSignal;
  /** Styles for standard output, and for standard error. */
  readonly style: Style;
  readonly noteStyle: Style;
  /** Says something on standard error. */
  note(line: string): void;
}

/** What a command does between starting its engine and stopping it. */
export interface Work {
  /** Text of the progress line. */
  progress(): string;
  run(session: Session): Promise<void>;
}

/**
 * Starts an engine, works, and stops it again, whatever happens; with progress on standard error and
 * the two steps of Ctrl-C. A reader of standard output that goes away ends the command with success,
 * one that cannot be written to ends it with a failure.
 */
export async function inSession(options: EngineOptions, work: Work): Promise<ExitCode> {
  const noteStyle = styleFor(process.stderr);
  let note = (line: string): void => void process.stderr.write(`${line}\n`);
  using interrupt = new Interrupt(() =>
    note(noteStyle('yellow', 'Finishing what is under way; Ctrl-C again leaves at once.')),
  );
  // What a command makes for itself ends with it, also where the environment names a directory.
  const durable = options.directory !== undefined;
  const engine = await Engine.start({ durable, ...options });
  await using stopping = new EngineStop(engine);
  using progress = new Progress(process.stderr, () => work.progress());
  note = line => progress.note(line);
  const failed = watch(engine, message => note(noteStyle('yellow', `warning: ${message}`)));
  const output = new LineOutput(process.stdout, () => progress.clear());
  const unwritable = new Promise<never>((_, reject) => {
    output.gone.addEventListener('abort', () => {
      if (output.failed === undefined) process.exit(interrupt.exitCode);
      reject(output.failed);
    });
  });
  const session: Session = {
    engine,
    output,
    interrupted: interrupt.signal,
    style: styleFor(process.stdout),
    noteStyle,
    note,
  };
  await Promise.race([work.run(session), failed, unwritable]);
  await Promise.race([output.finish(), unwritable]);
  stopping.drain = true;
  return interrupt.exitCode;
}

/** Tells what an engine warns of; rejects when the engine itself fails. */
function watch(engine: Engine, warn: (message: string) => void): Promise<never> {
  const { events } = engine;
  events.on('warning', ({ message }) => warn(message));
  events.on('slow-call', ({ message }) => warn(message));
  events.on('thread-replaced', ({ role, thread, replaces }) =>
    warn(`the ${role} thread ${replaces} died; thread ${thread} goes on in its place`),
  );
  return new Promise((_, reject) => {
    events.once('failed', ({ error }) => reject(error));
  });
}

/** Stops an engine: what is under way is finished after success, given up after a failure. */
class EngineStop implements AsyncDisposable {
  drain = false;
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.engine.stop();
    // The second call does not wait for what cannot be finished.
    if (!this.drain) void this.engine.stop();
    await stopped;
  }
}
