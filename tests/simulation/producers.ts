import type { Topic } from '@lite-streams/core';
import { TopicSink } from '@lite-streams/core/internal';
import type { Random } from '../../packages/workers/src/storage/testing/random.ts';
import type { Ledger } from './ledger.ts';
import { sampleText } from './sample.ts';

const KEYS = 5;
const LONGEST_FILLING = 80;
/** Now and then: over several sectors of a disk. */
const LONGEST_LARGE = 1_200;

/** What a producer is about to append. */
interface Draft {
  readonly n: number;
  readonly key: string;
  readonly t: number;
  readonly text: string;
  readonly shard: number;
}

/** A producer that sends samples, and looks for what of them has been acknowledged. */
export abstract class SimulatedProducer {
  readonly id: number;
  protected readonly topic: Topic;
  protected readonly ledger: Ledger;
  protected readonly random: Random;
  /** What had no room yet. */
  private waiting: Draft | undefined;
  private drafts = 0;

  constructor(id: number, topic: Topic, ledger: Ledger, random: Random) {
    this.id = id;
    this.topic = topic;
    this.ledger = ledger;
    this.random = random;
  }

  /** Sends some, as far as there is room. */
  step(): void {
    for (let left = 1 + this.random.below(6); left > 0; left--) {
      const draft = this.waiting ?? this.draft();
      this.waiting = draft;
      if (!this.append(draft)) break;
      this.waiting = undefined;
    }
    this.finish();
    this.look();
  }

  /** Looks for acknowledgements. */
  abstract look(): void;
  /** Ends it; `false` when that has to be tried again. */
  abstract end(): boolean;
  protected abstract append(draft: Draft): boolean;
  protected abstract finish(): void;

  private draft(): Draft {
    const n = this.drafts++;
    const key = `key-${this.random.below(KEYS)}`;
    const t = this.ledger.nextTime(this.random.below(3));
    const longest = this.random.chance(0.15) ? LONGEST_LARGE : LONGEST_FILLING;
    const text = sampleText(this.id, n, key, t, this.random.below(longest));
    return { n, key, t, text, shard: this.topic.shardOf(key) };
  }
}

/** Sends batches, as `topic.producer()` and the tasks of pipelines do. */
export class BatchingProducer extends SimulatedProducer {
  private readonly sink: TopicSink;
  /** By shard, how much had been sent when it began to wait for an acknowledgement. */
  private mark: number[] | undefined;

  constructor(id: number, topic: Topic, ledger: Ledger, random: Random) {
    super(id, topic, ledger, random);
    this.sink = new TopicSink(topic);
  }

  look(): void {
    if (this.mark === undefined || !this.sink.acknowledged()) return;
    for (const [shard, count] of this.mark.entries()) {
      this.ledger.acknowledged(this.id, shard, count);
    }
    this.mark = undefined;
  }

  end(): boolean {
    if (!this.sink.flush()) return false;
    this.sink.end();
    return true;
  }

  protected append({ n, key, t, text, shard }: Draft): boolean {
    if (!this.sink.tryAppend(key, text, t, null)) return false;
    this.ledger.hasSent(this.id, shard, n);
    return true;
  }

  protected finish(): void {
    if (this.random.chance(0.3) || !this.sink.flush()) return;
    this.mark ??= this.topic.shards.map(({ number }) => this.ledger.countSent(this.id, number));
  }
}

/** Appends one record at a time, and knows its offset. */
export class SingleProducer extends SimulatedProducer {
  private readonly offsets: number[][] = this.topic.shards.map(() => []);
  private readonly counts = this.topic.shards.map(() => 0);

  look(): void {
    const level = this.topic.options.acks === 'disk' ? 'durable' : 'written';
    for (const shard of this.topic.shards) {
      const { number } = shard;
      const to = shard.offsetOf(shard.logged(level));
      while (this.offsets[number].length > 0 && this.offsets[number][0] < to) {
        this.offsets[number].shift();
        this.counts[number]++;
      }
      this.ledger.acknowledged(this.id, number, this.counts[number]);
    }
  }

  end(): boolean {
    return true;
  }

  protected append({ n, key, t, text, shard }: Draft): boolean {
    const offset = this.topic.tryAppend({ key, value: text, timestamp: t });
    if (offset < 0) return false;
    this.ledger.hasSent(this.id, shard, n);
    const offsets = this.offsets[shard];
    if (offset <= (offsets.at(-1) ?? -1)) this.ledger.fault(`offset ${offset} was given out twice`);
    offsets.push(offset);
    return true;
  }

  protected finish(): void {}
}
