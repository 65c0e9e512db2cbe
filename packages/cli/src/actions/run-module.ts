import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Consumer } from '@lite-streams/core';
import type { Job } from '@lite-streams/workers';
import type { RunOptions } from '../commands/run.ts';
import type { ExitCode } from '../exit-code.ts';
import { CommandError } from '../failure.ts';
import { recordLine, valueLine } from '../output/record-json.ts';
import { count, duration, plural, rate } from '../render/numbers.ts';
import { Pace } from '../render/pace.ts';
import { facts } from '../render/table.ts';
import { deadLettersOf } from './dead-letters.ts';
import { type Intake, readIn } from './intake.ts';
import { inSession, type Session } from './session.ts';
import { TwoWay } from './two-way.ts';

const GROUP = 'lite-streams-run';

/** Runs a user's pipeline module over NDJSON. */
export async function runModule(module: string, options: RunOptions): Promise<ExitCode> {
  const { processors } = options;
  // Lines come in one order from one place: one shard keeps it.
  return inSession({ shards: options.shards ?? 1, processors }, new RunModule(module, options));
}

class RunModule {
  private readonly module: string;
  private readonly options: RunOptions;
  private readonly pace = new Pace();
  private job: Job | undefined;
  private written = 0;

  constructor(module: string, options: RunOptions) {
    this.module = module;
    this.options = options;
  }

  progress(): string {
    return `${this.pace.text(this.job?.stats().in ?? 0)} · ${count(this.written)} out`;
  }

  async run(session: Session): Promise<void> {
    const { engine } = session;
    const job = await engine.run(pathToFileURL(resolve(this.module)));
    this.job = job;
    refuseSeveral('reads', job.sources);
    refuseSeveral('writes to', job.sinks);
    const source = engine.topic(job.sources[0]);
    const intake = await new TwoWay(engine.topic(job.outputs[0]), job, session.interrupted).run({
      group: GROUP,
      write: until => readIn(session, source, this.options, until),
      written: () => source.end(),
      read: results => this.write(session, results),
    });
    this.summarize(session, job, intake, performance.now() - intake.startedMs);
  }

  private async write(session: Session, results: Consumer): Promise<void> {
    const { output } = session;
    const line = this.options.outputFormat === 'records' ? recordLine : valueLine;
    for await (const batch of results) {
      batch.forEach(record => {
        output.write(line(record));
      });
      this.written += batch.length;
      await output.flush();
    }
  }

  private summarize(session: Session, job: Job, intake: Intake, tookMs: number): void {
    const { in: taken, late, unassigned, deadLetters } = job.stats();
    const entries: [string, string][] = [
      ['records', `${count(taken)} in, ${count(this.written)} out, in ${duration(tookMs)}`],
      ['throughput', rate(taken, tookMs)],
    ];
    if (late > 0)
      entries.push(['late', `${plural(late, 'record')} after their windows had closed`]);
    if (unassigned > 0)
      entries.push(['unassigned', `${plural(unassigned, 'record')} between windows`]);
    if (intake.skipped > 0) {
      entries.push(['skipped', `${plural(intake.skipped, 'line')} that held no record`]);
    }
    if (deadLetters > 0) entries.push(['dead letters', count(deadLetters)]);
    for (const line of facts(entries, session.noteStyle)) session.note(line);
    for (const line of deadLettersOf(session.engine)) session.note(line);
    if (deadLetters > 0 && this.options.onError === 'fail') {
      throw new CommandError(
        `the pipeline refused ${plural(deadLetters, 'record')} (--on-error skip accepts that)`,
      );
    }
  }
}

/** Lines that come from one place and go to one place serve one topic. */
function refuseSeveral(does: string, topics: readonly string[]): void {
  if (topics.length === 1) return;
  const names = topics.map(topic => `"${topic}"`).join(', ');
  const how = topics.length === 0 ? 'no topic' : `several topics (${names})`;
  throw new CommandError(`the pipeline ${does} ${how}; run takes one with one`);
}
