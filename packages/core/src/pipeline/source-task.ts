import type { SourcePosition } from '../epoch/task-snapshot.ts';
import { fail } from '../errors.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { ContextCell } from '../operator/context.ts';
import { SOURCE_KIND, type SourceInput } from '../operator/endpoints.ts';
import type { Faults } from '../operator/faults.ts';
import { described } from '../record/limits.ts';
import type { RecordView } from '../record/view.ts';
import {
  type ProducerTime,
  type SourceTimes,
  SourceWatermarks,
} from '../time/source-watermarks.ts';
import type { SourceStep } from './graph.ts';
import type { Positions } from './ledger.ts';
import { Task } from './task.ts';
import type { TaskParts } from './task-parts.ts';
import type { TaskStats } from './task-stats.ts';

// V8 folds a module's own constants into its code, those of other modules it loads at every use.
const { data: DATA, topicEnd: TOPIC_END } = SOURCE_KIND;

/** Releasing wakes producers that wait for room: a few large pieces of it are better than many. */
const RELEASED_AT_ONCE = 4_096;
/** Registered producers that are looked up at once; further ones count from their first record. */
const MOST_PRODUCERS = 4096;
/** The end of all producers there were: a log that goes on after its process had gone says so. */
const EVERY_PRODUCER = 0;

export interface SourceTaskParts extends TaskParts {
  readonly source: SourceStep;
  readonly input: SourceInput;
  readonly faults: Faults;
}

/** How a source stands with its shard, as plain data. */
interface SourceState {
  readonly times: SourceTimes;
  readonly ended: readonly number[];
}

/** The first stage of a pipeline on one shard: decodes records and keeps the shard's time. */
export class SourceTask extends Task {
  private readonly source: SourceStep;
  private readonly input: SourceInput;
  private readonly faults: Faults;
  private readonly context = new ContextCell();
  private readonly times: SourceWatermarks;
  private readonly registered = new Int32Array(MOST_PRODUCERS);
  /** Ended producers that the registry may still name. */
  private readonly ended = new Set<number>();
  /** Everything below has been read; other threads see here what is in hand. */
  private readonly position: Float64Array;
  /** Positions at the barriers of epochs that are not committed yet. */
  private readonly barriers: { readonly epoch: number; readonly position: number }[] = [];
  private hurried = false;
  /** Since when nothing is read because the job holds all the outputs that it may. */
  private stoppedAtMs: number | undefined;

  /** What may be released, and what has been. */
  private releasable = 0;
  private releasedTo = 0;
  /** The slots acquired by the last poll, and the next of them. */
  private count = 0;
  private at = 0;
  private idle = false;
  /** Whether the last record's value is what suspends the task. */
  private inHand = false;
  /** Whom the record in hand is from, and what it says that producer's watermark is. */
  private producer: ProducerTime | undefined;
  private reached = Number.NEGATIVE_INFINITY;
  /** Whether there is time to pass on once the suspended push is done. */
  private timeMoved = false;

  constructor(parts: SourceTaskParts) {
    super(parts, 1);
    this.source = parts.source;
    this.input = parts.input;
    this.faults = parts.faults;
    this.times = new SourceWatermarks(parts.source.watermark, parts.source.idleTimeoutMs);
    this.position = parts.work.position;
    this.position[0] = parts.input.start;
    this.releasable = this.releasedTo = parts.input.start;
  }

  stats(): TaskStats {
    const holder = this.times.holder();
    const slowest = this.times.slowest();
    return {
      ...this.baseStats(),
      slowest,
      lost: this.input.lost,
      idle: this.times.idle,
      heldBy: holder < 0 ? undefined : `producer ${holder} on shard ${this.plan.index}`,
    };
  }

  protected take(budget: number): 'suspended' | 'progress' | 'nothing' {
    const { held } = this;
    if (held?.isFull()) {
      this.stoppedAtMs ??= this.clock.now();
      return 'nothing';
    }
    if (this.stoppedAtMs !== undefined) {
      this.times.unheard(this.clock.now() - this.stoppedAtMs);
      this.stoppedAtMs = undefined;
    }
    if (this.source.idleTimeoutMs !== undefined && this.times.tick(this.clock.now())) {
      if (!this.tellTime()) return 'suspended';
    }
    if (this.at === this.count) {
      this.at = 0;
      this.count = this.input.poll(budget);
      if (this.count === 0) {
        this.release();
        return 'nothing';
      }
      this.lookUpProducers();
    }
    if (this.epochs !== undefined && !this.hurried && this.input.crowded()) {
      this.hurried = true;
      this.epochs.hurry();
    }
    const { input } = this;
    while (this.at < this.count) {
      const slot = this.at++;
      const kind = input.step(slot);
      const offset = input.offset(slot);
      // Those before may have been overwritten, or left out of a compacted log.
      this.position[0] = offset;
      const done = kind === DATA ? this.record(offset) : this.control(kind);
      this.position[0] = offset + 1;
      if (!done) return 'suspended';
      if (kind === TOPIC_END || held?.full) break;
    }
    return 'progress';
  }

  /** One accessor may serve every task of the thread: aims it at this task's record again. */
  protected reaim(): void {
    const { record } = this.context;
    const { serde } = this.source;
    if (this.inHand && record !== undefined && serde.views === true) serde.decode(record);
  }

  protected goOn(): boolean {
    return this.timeMoved ? this.tellTime() : true;
  }

  protected inputPositions(): Positions {
    return this.position;
  }

  protected releaseInputs(positions: readonly number[]): void {
    // With checkpoints the commit of an epoch releases what was read before its barrier.
    if (this.epochs !== undefined) return;
    this.releasable = positions[0];
    if (this.releasable - this.releasedTo >= RELEASED_AT_ONCE) this.release();
  }

  override beginEpoch(epoch: number): void {
    this.reachBarrier(epoch);
  }

  protected override barrierTaken(epoch: number): void {
    this.barriers.push({ epoch, position: this.position[0] });
  }

  override epochCommitted(epoch: number): void {
    const { barriers } = this;
    this.hurried = false;
    while (barriers.length > 0 && barriers[0].epoch <= epoch) {
      const barrier = barriers.shift();
      if (barrier?.epoch === epoch) this.releasable = barrier.position;
    }
    if (this.endsIn(epoch)) this.releasable = this.position[0];
    this.release();
    super.epochCommitted(epoch);
  }

  protected sourcePosition(): SourcePosition {
    const { plan, source, position } = this;
    return { topic: source.topic, shard: plan.index, position: position[0] };
  }

  protected snapshotInputs(): SourceState {
    return { times: this.times.snapshot(), ended: [...this.ended] };
  }

  protected restoreInputs([state]: readonly unknown[]): void {
    const { times, ended } = state as SourceState;
    this.times.restore(times);
    for (const id of ended) this.ended.add(id);
    this.idle = times.combined.idle;
    this.tellIdle(this.idle);
  }

  private release(): void {
    if (this.releasable === this.releasedTo) return;
    this.releasedTo = this.releasable;
    this.input.release(this.releasedTo);
  }

  protected inputPlaces(): WaitingPlace[] {
    return [...this.input.places];
  }

  protected override inputIsKept(): boolean {
    return this.input.isKept(this.position[0]);
  }

  protected override keptPlaces(): readonly WaitingPlace[] {
    return this.input.keptPlaces;
  }

  protected closeInputs(): void {
    this.release();
    this.input.close();
  }

  /** One record: decoded, pushed, then its time noted. `false`: suspended. */
  private record(offset: number): boolean {
    const { input, context, times } = this;
    const view = input.view();
    this.counts.in++;
    context.atRecord(view, this.plan.index, offset, view.timestamp);
    const producer = times.of(input.producer());
    this.producer = producer;
    let value: unknown;
    try {
      value = this.read(view);
    } catch (error) {
      const outcome = this.readAgain(error, view);
      if (outcome.failed) {
        return this.faults.deadLetter(this.source.name, outcome.error, undefined, context);
      }
      value = outcome.value;
    }
    const done = this.head.push(value, context);
    this.inHand = !done;
    const moved = times.advance(producer, this.reached);
    if (!moved && times.idle === this.idle) return done;
    this.timeMoved = true;
    return done && this.tellTime();
  }

  private readAgain(error: unknown, view: RecordView): ReturnType<Faults['retry']> {
    return this.faults.retry(error, () => this.read(view));
  }

  /** Decodes a record and learns its time, or throws why it cannot. */
  private read(view: RecordView): unknown {
    const { serde, timestamp } = this.source;
    const { context, producer } = this;
    const value = serde.decode(view);
    if (timestamp !== undefined) context.timestamp = millisecondsOf(timestamp(value, view));
    this.reached = this.times.reached(producer as ProducerTime, context.timestamp, value);
    return value;
  }

  private control(kind: number): boolean {
    const { input, times } = this;
    const producer = input.producer();
    switch (kind) {
      case SOURCE_KIND.producerStart:
        this.ended.delete(producer);
        times.register(producer);
        return true;
      case SOURCE_KIND.producerEnd:
        if (producer === EVERY_PRODUCER) times.endAll();
        else times.end(producer);
        this.ended.add(producer);
        return this.tellTime();
      case SOURCE_KIND.watermark:
        return times.mark(producer, input.controlTimestamp()) ? this.tellTime() : true;
      case SOURCE_KIND.topicEnd:
        return this.inputEnded();
      default:
        return true;
    }
  }

  private tellTime(): boolean {
    this.timeMoved = false;
    const { times } = this;
    const done = this.passTime(times.watermark);
    if (times.idle !== this.idle) {
      this.idle = times.idle;
      this.tellIdle(times.idle);
    }
    return done;
  }

  /**
   * Producers count from their registration, before their first record. One whose end was read may
   * still stand in the registry for a moment; it counts again only once it has been gone from there,
   * or has said something.
   */
  private lookUpProducers(): void {
    const { registered, ended } = this;
    const count = this.input.openProducers(registered);
    for (let i = 0; i < count; i++)
      if (!ended.has(registered[i])) this.times.register(registered[i]);
    for (const id of ended) if (!registered.subarray(0, count).includes(id)) ended.delete(id);
  }
}

function millisecondsOf(given: unknown): number {
  const ms = given instanceof Date ? given.getTime() : given;
  if (!Number.isSafeInteger(ms)) {
    fail(
      'INVALID_TIMESTAMP',
      `The timestamp is ${described(given)}; it must be a whole number of milliseconds since 1970, ` +
        'or a Date.',
    );
  }
  return ms as number;
}
