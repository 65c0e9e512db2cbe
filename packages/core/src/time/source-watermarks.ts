import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import { type CombinerState, WatermarkCombiner } from './combiner.ts';
import type { WatermarkGenerator, WatermarkStrategy } from './watermark.ts';

/** What is known of a producer. */
export interface ProducerTime {
  readonly input: number;
  readonly generator: WatermarkGenerator;
  /** Whether it has said anything since the last look at the clock. */
  spoke: boolean;
  lastSpokeMs: number;
  idle: boolean;
}

/** What a `SourceWatermarks` knows. */
export interface SourceTimes {
  readonly combined: CombinerState;
  readonly producers: readonly {
    readonly id: number;
    readonly input: number;
    readonly idle: boolean;
    readonly generator: unknown;
  }[];
}

/**
 * The time of one shard: a watermark per producer, combined to their minimum. A producer counts from
 * its registration, before its first record, until its end marker is read. While no producer is open
 * the watermark stays where it is.
 */
export class SourceWatermarks {
  private readonly strategy: WatermarkStrategy;
  private readonly idleTimeoutMs: number | undefined;
  private readonly combiner = new WatermarkCombiner();
  private readonly producers = new Map<number, ProducerTime>();
  private lastId = -1;
  private last: ProducerTime | undefined;

  constructor(strategy: WatermarkStrategy, idleTimeoutMs?: number) {
    this.strategy = strategy;
    this.idleTimeoutMs = idleTimeoutMs;
  }

  get watermark(): number {
    return this.combiner.watermark;
  }

  get idle(): boolean {
    return this.combiner.idle;
  }

  /** How many producers are open. */
  get open(): number {
    return this.producers.size;
  }

  /** The producer that holds the watermark back, or −1. */
  holder(): number {
    const input = this.combiner.holder();
    for (const [id, producer] of this.producers) if (producer.input === input) return id;
    return -1;
  }

  /** Of the producers that count the one that is furthest behind, by its id. */
  slowest(): { input: number; watermark: number; furthest: number } | undefined {
    const { combiner } = this;
    const slowest = combiner.slowest();
    for (const [id, { input }] of this.producers) {
      if (input !== slowest) continue;
      return { input: id, watermark: combiner.markOf(input), furthest: combiner.furthest() };
    }
    return undefined;
  }

  /** A producer is registered; again is the same as once. */
  register(id: number): void {
    if (!this.producers.has(id)) this.enter(id);
  }

  /** A producer that counts, from now on if it did not before. */
  of(id: number): ProducerTime {
    return id === this.lastId && this.last !== undefined ? this.last : this.lookUp(id);
  }

  /** What a record of this producer says its watermark is. Throws what the strategy throws. */
  reached(producer: ProducerTime, timestamp: number, value: unknown): number {
    this.speaks(producer);
    const reached = producer.generator.record(timestamp, value);
    // Neither NaN nor anything but a number is.
    if (!(reached >= Number.NEGATIVE_INFINITY)) refuseWatermark(this.strategy.name, reached);
    return reached;
  }

  /** A producer's watermark has risen to that, if it has; `true` when the shard's did. */
  advance(producer: ProducerTime, reached: number): boolean {
    return this.combiner.advance(producer.input, reached);
  }

  /** A record of this producer; `true` when the shard's watermark rose. */
  record(id: number, timestamp: number, value?: unknown): boolean {
    const producer = this.of(id);
    return this.advance(producer, this.reached(producer, timestamp, value));
  }

  /** `producer.watermark(t)`; `true` when the shard's watermark rose. */
  mark(id: number, watermark: number): boolean {
    const producer = this.of(id);
    this.speaks(producer);
    return this.combiner.advance(producer.input, watermark);
  }

  /** A producer's end marker; `true` when the watermark or idleness changed. */
  end(id: number): boolean {
    const producer = this.producers.get(id);
    if (producer === undefined) return false;
    this.producers.delete(id);
    if (this.lastId === id) {
      this.lastId = -1;
      this.last = undefined;
    }
    return this.combiner.remove(producer.input);
  }

  /** Every producer there was has ended. `true` when the watermark has moved. */
  endAll(): boolean {
    let moved = false;
    for (const id of [...this.producers.keys()]) if (this.end(id)) moved = true;
    return moved;
  }

  /** Looks at the clock: who has been silent for the idle timeout is idle. `true` on a change. */
  tick(nowMs: number): boolean {
    if (this.idleTimeoutMs === undefined) return false;
    let changed = false;
    for (const producer of this.producers.values()) {
      if (producer.spoke || Number.isNaN(producer.lastSpokeMs)) {
        producer.spoke = false;
        producer.lastSpokeMs = nowMs;
      } else if (!producer.idle && nowMs - producer.lastSpokeMs >= this.idleTimeoutMs) {
        producer.idle = true;
        changed = this.combiner.markIdle(producer.input) || changed;
      }
    }
    return changed;
  }

  /** Nothing was read for so long, whoever may have spoken: that was no silence. */
  unheard(ms: number): void {
    for (const producer of this.producers.values()) producer.lastSpokeMs += ms;
  }

  /** All that it knows, as plain data. */
  snapshot(): SourceTimes {
    const producers = Array.from(this.producers, ([id, { input, idle, generator }]) => ({
      id,
      input,
      idle,
      generator: generator.snapshot?.(),
    }));
    return { combined: this.combiner.snapshot(), producers };
  }

  /** Takes back what `snapshot` of another one gave; silence is counted from now on. */
  restore({ combined, producers }: SourceTimes): void {
    this.combiner.restore(combined);
    for (const { id, input, idle, generator: state } of producers) {
      const generator = this.strategy.create();
      if (state !== undefined) generator.restore?.(state);
      const lastSpokeMs = Number.NaN;
      this.producers.set(id, { input, generator, spoke: false, lastSpokeMs, idle });
    }
  }

  private speaks(producer: ProducerTime): void {
    producer.spoke = true;
    if (!producer.idle) return;
    producer.idle = false;
    this.combiner.markActive(producer.input);
  }

  private lookUp(id: number): ProducerTime {
    const producer = this.producers.get(id) ?? this.enter(id);
    this.lastId = id;
    this.last = producer;
    return producer;
  }

  private enter(id: number): ProducerTime {
    const producer = {
      input: this.combiner.add(),
      generator: this.strategy.create(),
      spoke: false,
      // Known at the next look at the clock.
      lastSpokeMs: Number.NaN,
      idle: false,
    };
    this.producers.set(id, producer);
    return producer;
  }
}

function refuseWatermark(strategy: string, reached: unknown): never {
  fail(
    'INVALID_TIMESTAMP',
    `The watermark strategy "${strategy}" gave ${described(reached)}; it must be a number of ` +
      'milliseconds since 1970.',
  );
}
