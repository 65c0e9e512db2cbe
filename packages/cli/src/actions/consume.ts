import type { Consumer } from '@lite-streams/core';
import type { Job } from '@lite-streams/workers';
import type { ConsumerOptions } from '../commands/consumer.ts';
import type { ExitCode } from '../exit-code.ts';
import { CommandError } from '../failure.ts';
import { addLatencies, noLatencies } from '../generate/latency.ts';
import type { WindowedResult } from '../pipelines/windowed.ts';
import { windowedPipelineUrl } from '../pipelines/windowed-parameters.ts';
import { count, duration, plural, rate } from '../render/numbers.ts';
import { Pace } from '../render/pace.ts';
import { latencyText } from '../render/summary.ts';
import { facts } from '../render/table.ts';
import { WindowRows } from '../render/window-rows.ts';
import { type Intake, takeIn } from './intake.ts';
import { inSession, type Session } from './session.ts';
import { TwoWay } from './two-way.ts';

/** Runs records through a windowed pipeline, and shows its results as windows close. */
export async function consume(options: ConsumerOptions): Promise<ExitCode> {
  const { shards, processors } = options;
  return inSession({ shards, processors }, new Consume(options));
}

class Consume {
  private readonly options: ConsumerOptions;
  private readonly pace = new Pace();
  private readonly latencies = noLatencies();
  private job: Job | undefined;
  private windows = 0;
  private windowed = 0;

  constructor(options: ConsumerOptions) {
    this.options = options;
  }

  progress(): string {
    const { in: taken = 0, lag = 0, late = 0 } = this.job?.stats() ?? {};
    return (
      `${this.pace.text(taken)} · lag ${count(lag)} · ${plural(this.windows, 'window')} · ` +
      `late ${count(late)}`
    );
  }

  async run(session: Session): Promise<void> {
    const { engine } = session;
    const { topic, window, disorder, transform, values, group } = this.options;
    const output = `${topic}.windows`;
    const source = engine.topic(topic);
    const job = await engine.run(
      windowedPipelineUrl({
        topic,
        output,
        windowMs: window,
        disorderMs: disorder,
        transform,
        values,
      }),
    );
    this.job = job;
    const intake = await new TwoWay(engine.topic(output), job, session.interrupted).run({
      group,
      write: until => takeIn(session, source, this.options, until),
      written: () => source.end(),
      read: results => this.show(session, results),
    });
    this.summarize(session, job, intake, performance.now() - intake.startedMs);
  }

  private async show(session: Session, results: Consumer): Promise<void> {
    const { output, style } = session;
    const rows = new WindowRows(style);
    for await (const batch of results) {
      batch.forEach(record => {
        const { latencies, ...result } = JSON.parse(record.text) as WindowedResult;
        this.windows++;
        this.windowed += result.count;
        addLatencies(this.latencies, latencies);
        if (this.options.json) output.write(JSON.stringify(result));
        else for (const line of rows.linesOf(result)) output.write(line);
      });
      await output.flush();
    }
  }

  private summarize(session: Session, job: Job, intake: Intake, tookMs: number): void {
    const { noteStyle } = session;
    const { in: taken, late, deadLetters } = job.stats();
    const entries: [string, string][] = [
      [
        'records',
        `${count(taken)} in = ${count(this.windowed)} in ${plural(this.windows, 'window')} + ` +
          `${count(late)} late${deadLetters > 0 ? ` + ${count(deadLetters)} refused` : ''}, ` +
          `in ${duration(tookMs)}`,
      ],
      ['throughput', noteStyle('bold', rate(taken, tookMs))],
    ];
    const latency = latencyText(this.latencies);
    const paced = this.options.input === undefined && this.options.rate > 0;
    const from = paced ? 'the intended send time' : 'sending';
    if (latency !== undefined) entries.push(['latency', `${latency}   from ${from}`]);
    if (intake.skipped > 0) {
      entries.push(['skipped', `${plural(intake.skipped, 'line')} that held no record`]);
    }
    for (const line of facts(entries, noteStyle)) session.note(line);
    if (taken !== intake.records || taken !== this.windowed + late + deadLetters) {
      throw new CommandError(
        `${count(intake.records)} records were sent, ${count(taken)} taken in, and ` +
          `${count(this.windowed + late + deadLetters)} are accounted for`,
      );
    }
  }
}
