import { StreamError } from '../errors.ts';
import { readByGroup, writeByGroup } from '../state/grouped.ts';
import { keyGroupOf } from '../state/key-groups.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { Clock } from '../time/clock.ts';
import { type Context, ContextCell } from './context.ts';
import type { Faults } from './faults.ts';
import type { Asynchronous, Clocked, Operator, PendingCall } from './operator.ts';

/** Inputs, done or not, that are remembered beside those in flight: they have passed a call that takes longer. */
const MOST_PASSED = 16_384;

/** What the function of `mapAsync` is told about its value. One object for each; it may be kept. */
export interface AsyncContext<K = unknown> extends Pick<Context<K>, 'key' | 'timestamp'> {
  /** Aborted when the call has taken longer than `timeout`, or the pipeline stops. */
  readonly signal: AbortSignal;
  /** 1 for the first call for a value, 2 for its first retry. */
  readonly attempt: number;
}

export interface MapAsyncParts {
  readonly step: string;
  readonly call: (value: unknown, context: AsyncContext) => unknown;
  /** Calls at a time, at most. */
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly timeoutMs: number;
  /** How often a call is made again. */
  readonly retries: number;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Wakes the thread: something is there to be handed on. */
  readonly wake: () => void;
}

/** A value on its way: its calls, and in the end its result. */
class Flight extends ContextCell implements AsyncContext {
  value: unknown;
  attempt = 0;
  deadlineMs = 0;
  state: 'running' | 'succeeded' | 'failed' | 'out' = 'running';
  /** What the call gave, or what it failed with. */
  outcome: unknown = undefined;
  private controller: AbortController | undefined;

  constructor(value: unknown) {
    super();
    this.value = value;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  /** It is handed on: what it was is of no use any more. */
  leave(): void {
    this.state = 'out';
    this.value = this.outcome = undefined;
  }

  abort(reason: unknown): void {
    this.controller?.abort(reason);
    this.controller = undefined;
  }
}

/** An input in flight as a snapshot has it. */
type Row = readonly [
  key: unknown,
  order: number,
  timestamp: number,
  shard: number,
  offset: number,
  value: unknown,
  topic: string | undefined,
];

/**
 * Calls that take their time: up to `concurrency` at once, their results handed on in the order of the
 * inputs or as they come. With that many under way it is suspended, and takes no input; so it is when
 * `MOST_PASSED` have passed one that takes long. A watermark waits for every input before it; unordered
 * results may pass a watermark that waits, which makes them early and never late.
 */
export class MapAsyncOperator implements Operator, Clocked, Asynchronous {
  accepted = 0;
  completed = 0;
  private readonly parts: MapAsyncParts;
  private readonly next: Operator;
  /** Inputs in the order in which they came, and watermarks between them. */
  private readonly queue: (Flight | number)[] = [];
  /** In the order in which their calls were started, and so of their deadlines. */
  private readonly running = new Set<Flight>();
  /** Unordered: what is there to be handed on. */
  private readonly landed: Flight[] = [];
  private inFlight = 0;
  private now = Number.NEGATIVE_INFINITY;
  private ending = false;
  private abandoned = false;

  constructor(parts: MapAsyncParts, next: Operator) {
    this.parts = parts;
    this.next = next;
  }

  get pending(): number {
    return this.inFlight;
  }

  get deadlineMs(): number {
    for (const { deadlineMs } of this.running) return deadlineMs;
    return Number.POSITIVE_INFINITY;
  }

  get oldest(): PendingCall | undefined {
    for (const { deadlineMs, topic, shard, offset } of this.running) {
      const { step, timeoutMs } = this.parts;
      return { step, sinceMs: deadlineMs - timeoutMs, topic, shard, offset };
    }
    return undefined;
  }

  get dueAtMs(): number {
    return this.hasLanded() ? Number.NEGATIVE_INFINITY : this.deadlineMs;
  }

  push(value: unknown, context: ContextCell): boolean {
    const { key, timestamp, shard, offset, topic } = context;
    this.take([key, 0, timestamp, shard, offset, value, topic]);
    return this.drain() && this.hasRoom();
  }

  watermark(watermark: number): boolean {
    this.now = watermark;
    const { queue } = this;
    if (queue.length === 0) return this.next.watermark(watermark);
    if (typeof queue[queue.length - 1] === 'number') queue[queue.length - 1] = watermark;
    else queue.push(watermark);
    return true;
  }

  tick(nowMs: number): boolean {
    this.expire(nowMs);
    return this.drain();
  }

  end(): boolean {
    this.ending = true;
    return this.drain() && this.finish();
  }

  resume(): boolean {
    this.expire(this.parts.clock.now());
    if (!this.next.resume() || !this.drain() || !this.hasRoom()) return false;
    return this.ending ? this.finish() : true;
  }

  expire(nowMs: number): void {
    for (const flight of this.running) {
      if (flight.deadlineMs > nowMs) return;
      const { step, timeoutMs } = this.parts;
      const error = new StreamError(
        'ASYNC_TIMEOUT',
        `A call of step "${step}" took longer than ${timeoutMs} ms.`,
      );
      const { attempt } = flight;
      flight.abort(error);
      this.fail(flight, attempt, error);
    }
  }

  abandon(): void {
    this.abandoned = true;
    const reason = new StreamError('ABORTED', 'The pipeline was stopped.');
    for (const flight of this.running) flight.abort(reason);
    this.running.clear();
  }

  /**
   * Inputs in flight are called for again, by whichever task gets the group of their key, in their order;
   * the watermarks between them become one behind them.
   */
  snapshot(writer: SnapshotWriter): void {
    const rows: Row[] = [];
    for (const one of this.queue) {
      if (typeof one === 'number' || one.state === 'out') continue;
      const { key, timestamp, shard, offset, value, topic } = one;
      rows.push([key, rows.length, timestamp, shard, offset, value, topic]);
    }
    writeByGroup(writer, this.now, rows, ([key]) => keyGroupOf(key));
  }

  restore(reader: SnapshotReader): void {
    let told = Number.POSITIVE_INFINITY;
    const rows: Row[] = [];
    readByGroup(
      reader,
      now => {
        told = Math.min(told, now as number);
      },
      row => rows.push(row as Row),
    );
    rows.sort(([, left], [, right]) => left - right);
    for (const row of rows) this.take(row);
    if (told === Number.POSITIVE_INFINITY) return;
    this.now = told;
    if (this.queue.length > 0) this.queue.push(told);
  }

  private take([key, , timestamp, shard, offset, value, topic]: Row): void {
    const flight = new Flight(value);
    flight.key = key;
    flight.timestamp = timestamp;
    flight.shard = shard;
    flight.offset = offset;
    flight.topic = topic;
    this.accepted++;
    this.inFlight++;
    this.queue.push(flight);
    this.start(flight);
  }

  private hasRoom(): boolean {
    const { concurrency } = this.parts;
    return this.inFlight < concurrency && this.queue.length < concurrency + MOST_PASSED;
  }

  private hasLanded(): boolean {
    if (!this.parts.ordered) return this.landed.length > 0;
    const [first] = this.queue;
    return typeof first === 'object' && first.state !== 'running';
  }

  private start(flight: Flight): void {
    const { call, clock, timeoutMs } = this.parts;
    const attempt = ++flight.attempt;
    flight.deadlineMs = clock.now() + timeoutMs;
    this.running.add(flight);
    let returned: unknown;
    try {
      returned = call(flight.value, flight);
    } catch (error) {
      this.fail(flight, attempt, error);
      return;
    }
    Promise.resolve(returned).then(
      result => this.land(flight, attempt, 'succeeded', result),
      error => this.fail(flight, attempt, error),
    );
  }

  private fail(flight: Flight, attempt: number, error: unknown): void {
    if (this.isOver(flight, attempt)) return;
    if (attempt > this.parts.retries) {
      this.land(flight, attempt, 'failed', error);
      return;
    }
    // To the end of the row: its deadline is now the last.
    this.running.delete(flight);
    flight.abort(error);
    this.start(flight);
  }

  private land(
    flight: Flight,
    attempt: number,
    state: 'succeeded' | 'failed',
    outcome: unknown,
  ): void {
    if (this.isOver(flight, attempt)) return;
    this.running.delete(flight);
    flight.state = state;
    flight.outcome = outcome;
    if (!this.parts.ordered) this.landed.push(flight);
    if (this.hasLanded()) this.parts.wake();
  }

  /** Whether nobody waits for this call any more: it took too long, or the pipeline is gone. */
  private isOver(flight: Flight, attempt: number): boolean {
    return this.abandoned || flight.state !== 'running' || flight.attempt !== attempt;
  }

  /** Hands on what has landed, and the watermarks that have no input in flight before them. */
  private drain(): boolean {
    const { queue, landed } = this;
    for (;;) {
      const flight = landed.shift();
      if (flight !== undefined) {
        if (!this.handOn(flight)) return false;
        continue;
      }
      const first = queue[0];
      if (first === undefined) return true;
      if (typeof first === 'number') {
        queue.shift();
        if (!this.next.watermark(first)) return false;
      } else if (first.state === 'out') {
        queue.shift();
        this.completed++;
      } else if (first.state === 'running' || !this.parts.ordered) {
        return true;
      } else if (!this.handOn(first)) {
        return false;
      }
    }
  }

  private handOn(flight: Flight): boolean {
    const { faults, step } = this.parts;
    const { state, outcome, value } = flight;
    flight.leave();
    this.inFlight--;
    if (state === 'failed') return faults.deadLetter(step, outcome, value, flight);
    return this.next.push(outcome, flight);
  }

  private finish(): boolean {
    if (this.inFlight > 0) return false;
    this.ending = false;
    return this.next.end();
  }
}
