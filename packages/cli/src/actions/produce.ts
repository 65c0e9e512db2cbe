import type { Consumer, Topic } from '@lite-streams/core';
import type { ProducerOptions } from '../commands/producer.ts';
import type { ExitCode } from '../exit-code.ts';
import { CommandError } from '../failure.ts';
import { recordLine } from '../output/record-json.ts';
import { bytes, count, duration, plural, rate } from '../render/numbers.ts';
import { Pace } from '../render/pace.ts';
import { visible } from '../render/style.ts';
import { latencyText } from '../render/summary.ts';
import { facts, table } from '../render/table.ts';
import { type Intake, takeIn } from './intake.ts';
import { inSession, type Session } from './session.ts';

const GROUP = 'lite-streams-producer';
/** Records shown when they are not written one by one. */
const NEWEST = 10;
const VALUE_COLUMNS = 48;

/** Appends records to a topic, and reads back every one of them. */
export async function produce(options: ProducerOptions): Promise<ExitCode> {
  const { shards, acks } = options;
  const dir = options.dir ?? process.env.LITE_STREAMS_DIRECTORY;
  if (dir === undefined) return inSession({ shards, processors: 1 }, new Produce(options));
  return inSession({ shards, processors: 1, directory: dir, acks }, new ProduceToDisk(options));
}

/** Appends to a topic that outlives the command, so that nothing is read back here, or ended. */
class ProduceToDisk {
  private readonly options: ProducerOptions;
  private readonly pace = new Pace();
  private topic: Topic | undefined;
  private before = 0;

  constructor(options: ProducerOptions) {
    this.options = options;
  }

  progress(): string {
    const { count: wanted, input } = this.options;
    const offsets = endOf(this.topic) - this.before;
    return this.pace.text(offsets, input === undefined ? wanted : undefined);
  }

  async run(session: Session): Promise<void> {
    const topic = session.engine.topic(this.options.topic);
    this.topic = topic;
    this.before = endOf(topic);
    const failed = new AbortController();
    session.engine.events.on('shard-stopped', ({ error }) => failed.abort(error));
    const until = { interrupted: session.interrupted, failed: failed.signal };
    const intake = await takeIn(session, topic, this.options, until);
    await topic.acknowledged();
    for (const line of facts(factsOf(session, this.options, intake), session.noteStyle)) {
      session.note(line);
    }
  }
}

/** Sum of the shards' ends. */
function endOf(topic: Topic | undefined): number {
  return topic?.stats().reduce((sum, { end }) => sum + end, 0) ?? 0;
}

class Produce {
  private readonly options: ProducerOptions;
  private readonly pace = new Pace();
  private read = 0;
  /** Records read back, by shard. */
  private perShard: number[] = [];

  constructor(options: ProducerOptions) {
    this.options = options;
  }

  progress(): string {
    const { count: wanted, input } = this.options;
    return this.pace.text(this.read, input === undefined ? wanted : undefined);
  }

  async run(session: Session): Promise<void> {
    const topic = session.engine.topic(this.options.topic);
    this.perShard = Array.from({ length: topic.shardCount }, () => 0);
    const failed = new AbortController();
    const consumer = topic.consume({ group: GROUP, signal: failed.signal });
    const until = { interrupted: session.interrupted, failed: failed.signal };
    const read = this.readBack(session, consumer);
    read.catch(() => failed.abort());
    const intake = takeIn(session, topic, this.options, until);
    // Bad input is the end of the input: what came before it is still read back.
    await Promise.allSettled([intake]);
    topic.end();
    await read;
    await this.report(session, topic, await intake);
  }

  private async report(session: Session, topic: Topic, intake: Intake): Promise<void> {
    if (!this.options.json) {
      for (const line of newestTable(topic, session)) session.output.write(line);
    }
    await session.output.flush();
    this.summarize(session, intake);
    if (this.read !== intake.records) {
      throw new CommandError(
        `${count(intake.records)} records were appended, but ${count(this.read)} read back`,
      );
    }
  }

  private async readBack(session: Session, consumer: Consumer): Promise<void> {
    const { output } = session;
    for await (const batch of consumer) {
      if (this.options.json) {
        batch.forEach(record => {
          output.write(recordLine(record));
        });
      }
      this.read += batch.length;
      this.perShard[batch.shard] += batch.length;
      if (this.options.json) await output.flush();
    }
    consumer.close();
  }

  private summarize(session: Session, intake: Intake): void {
    const { noteStyle } = session;
    const entries = factsOf(session, this.options, intake);
    const shards = this.perShard.map((records, shard) => `${shard}: ${count(records)}`);
    entries.push(['by shard', shards.join('   ')]);
    for (const line of facts(entries, noteStyle)) session.note(line);
  }
}

/** What came of it, whatever became of the records. */
function factsOf(session: Session, options: ProducerOptions, intake: Intake): [string, string][] {
  const { records, skipped, valueBytes, latencies, tookMs } = intake;
  const latency = latencyText(latencies);
  const measuredFrom = options.rate > 0 ? 'the intended send time' : 'sending';
  const entries: [string, string][] = [
    [
      'appended',
      `${plural(records, 'record')}, ${bytes(valueBytes)} of values, in ${duration(tookMs)}`,
    ],
    ['throughput', session.noteStyle('bold', rate(records, tookMs))],
  ];
  if (latency !== undefined) entries.push([`latency`, `${latency}   from ${measuredFrom}`]);
  if (skipped > 0) entries.push(['skipped', `${plural(skipped, 'line')} that held no record`]);
  return entries;
}

/** The newest records of all shards: all, when there are few. */
function newestTable(topic: Topic, session: Session): string[] {
  const newest = topic
    .stats()
    .flatMap(({ shard }) => topic.latest({ shard, max: NEWEST }).copy())
    .sort((a, b) => a.timestamp - b.timestamp || a.shard - b.shard || a.offset - b.offset)
    .slice(-NEWEST);
  const rows = newest.map(({ shard, offset, timestamp, key, value }) => [
    String(shard),
    count(offset),
    new Date(timestamp).toISOString(),
    visible(key ?? ''),
    visible(Buffer.from(value).toString()).slice(0, VALUE_COLUMNS),
  ]);
  return table(
    [
      { title: 'shard', align: 'right' },
      { title: 'offset', align: 'right' },
      { title: 'timestamp' },
      { title: 'key' },
      { title: 'value' },
    ],
    rows,
    session.style,
  );
}
