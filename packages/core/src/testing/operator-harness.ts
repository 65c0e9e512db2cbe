import { isDeepStrictEqual } from 'node:util';
import { ContextCell } from '../operator/context.ts';
import { noCounts, type RecordCounts } from '../operator/counters.ts';
import { Faults } from '../operator/faults.ts';
import { isAsynchronous, isClocked, isIncremental, type Operator } from '../operator/operator.ts';
import { Outlet } from '../operator/outlet.ts';
import type { StateBackend } from '../state/backend.ts';
import { heapBackend } from '../state/heap-backend.ts';
import { MemorySnapshot } from '../state/memory-snapshot.ts';
import { type Clock, VirtualClock } from '../time/clock.ts';
import { Layers } from './layers.ts';
import { MemorySink } from './memory-endpoints.ts';

/** What happens to an operator, in order. */
export type OperatorEvent =
  | readonly ['record', key: unknown, timestamp: number, value: unknown]
  | readonly ['watermark', watermark: number]
  | readonly ['clock', nowMs: number]
  | readonly ['end'];

export interface OperatorOutput {
  readonly key: unknown;
  readonly timestamp: number;
  readonly value: unknown;
}

/** What an operator under test is built with. */
export interface HarnessParts {
  readonly next: Operator;
  readonly faults: Faults;
  readonly counts: RecordCounts;
  /** For late values; all late topics are one here. */
  readonly lateOutlet: () => Outlet;
  /** Stands still between events. */
  readonly clock: Clock;
  /** Where keyed state lies: on the heap. */
  readonly backend: StateBackend;
}

export interface HarnessOptions {
  /** Whether every other output finds no room at first. */
  readonly refusing?: boolean | undefined;
  /**
   * Whether the operator is replaced by one restored from its snapshot before every event; or whether
   * one is restored then from its snapshots of what has changed, is compared with that, and takes its
   * place now and then.
   */
  readonly restoring?: boolean | 'increments' | undefined;
  /** How often user code is called again after it threw. Default 0. */
  readonly retries?: number | undefined;
  /** Where the clock stands at first, in milliseconds since 1970. Default 0. */
  readonly startMs?: number | undefined;
  /** Makes the place of keyed state for a new operator. Default: the heap. */
  readonly backend?: (() => StateBackend) | undefined;
}

/** How an operator is restored; by what has changed only while it is refused too, for it takes long. */
export const WAYS = [false, true, 'increments'] as const;

/** Resumes before the harness says that an operator will never be done. */
const MOST_RESUMES = 1_000_000;
/** Turns of the event loop before the harness says that a call will never end. */
const MOST_TURNS = 100_000;
/** Resumes until nothing but what is in flight can suspend the operator. */
const LEAST_RESUMES = 8;

/**
 * Drives one operator by hand, as its task would. Outputs are kept; with `refusing` the operator is
 * suspended by every other one, with `restoring` it is rebuilt between any two events.
 */
export class OperatorHarness {
  readonly counts: RecordCounts = noCounts();
  readonly late: MemorySink;
  readonly deadLetters: MemorySink;
  private readonly build: () => Operator;
  private readonly restoring: HarnessOptions['restoring'];
  private readonly layers = new Layers();
  private readonly outlets: readonly Outlet[];
  private readonly context = new ContextCell();
  private readonly collector: Collector;
  private readonly clock: VirtualClock;
  /** Waiting for what is in flight. */
  private suspended = false;
  private operator: Operator;

  constructor(make: (parts: HarnessParts) => Operator, options: HarnessOptions = {}) {
    const refusing = options.refusing ?? false;
    this.restoring = options.restoring;
    this.late = new MemorySink(refusing);
    this.deadLetters = new MemorySink(refusing);
    this.collector = new Collector(refusing);
    const dead = new Outlet(() => this.deadLetters);
    const late = new Outlet(() => this.late);
    this.outlets = [dead, late];
    const faults = new Faults('harness', 'source', options.retries ?? 0, dead, this.counts);
    this.clock = new VirtualClock(options.startMs);
    this.build = () =>
      make({
        next: this.collector,
        faults,
        counts: this.counts,
        lateOutlet: () => late,
        clock: this.clock,
        backend: options.backend?.() ?? heapBackend,
      });
    this.operator = this.build();
  }

  apply(event: OperatorEvent): void {
    this.expectSettled();
    if (this.restoring === 'increments') this.restoreChanges();
    else if (this.restoring) this.restore();
    switch (event[0]) {
      case 'record':
        this.push(event[1], event[2], event[3]);
        break;
      case 'watermark':
        this.watermark(event[1]);
        break;
      case 'clock':
        this.tick(event[1]);
        break;
      default:
        this.end();
    }
  }

  push(key: unknown, timestamp: number, value: unknown): void {
    this.expectSettled();
    this.context.key = key;
    this.context.timestamp = timestamp;
    this.finish(this.operator.push(value, this.context));
  }

  watermark(watermark: number): void {
    this.finish(this.operator.watermark(watermark));
  }

  /** The clock moves on to `nowMs`, and the operator is told if it waits for that. */
  tick(nowMs: number): void {
    this.clock.advance(nowMs - this.clock.now());
    const { operator } = this;
    if (isClocked(operator) && operator.dueAtMs <= nowMs) this.finish(operator.tick(nowMs));
  }

  /** The end of input: time runs to its end first. */
  end(): void {
    this.watermark(Number.POSITIVE_INFINITY);
    this.expectSettled();
    this.finish(this.operator.end());
  }

  /** Takes a snapshot and goes on with a new operator that has it restored. */
  restore(): void {
    const snapshot = new MemorySnapshot();
    this.operator.snapshot(snapshot);
    if (isAsynchronous(this.operator)) this.operator.abandon();
    this.operator = this.build();
    this.operator.restore(snapshot.reader());
  }

  /** The same by snapshots of what has changed; whole where it does not know. */
  private restoreChanges(): void {
    const { operator } = this;
    if (isIncremental(operator)) this.operator = this.layers.restore(operator, this.build);
    else this.restore();
  }

  /** Goes on with a new operator that has the key groups `[from, to)` of several tasks restored. */
  restoreFrom(snapshots: readonly MemorySnapshot[], from: number, to: number): void {
    this.operator = this.build();
    this.operator.restore(MemorySnapshot.together(snapshots, from, to));
  }

  snapshot(): MemorySnapshot {
    const snapshot = new MemorySnapshot();
    this.operator.snapshot(snapshot);
    return snapshot;
  }

  /** All outputs since the last call. */
  take(): OperatorOutput[] {
    return this.collector.outputs.splice(0);
  }

  /** The watermarks that the operator has passed on. */
  get watermarks(): readonly number[] {
    return this.collector.watermarks;
  }

  get ended(): boolean {
    return this.collector.ended;
  }

  /**
   * Waits until an operator that is asynchronous can go on, or with `wholly` until nothing is in flight.
   * Its calls have to end by themselves, or by the clock.
   */
  async settle(wholly = true): Promise<void> {
    for (let turn = 0; this.suspended || (wholly && this.inFlight() > 0); turn++) {
      if (turn === MOST_TURNS) throw new Error('the operator stays suspended');
      await new Promise<void>(resolve => setImmediate(resolve));
      if (this.suspended) this.finish(false);
      else this.tick(this.clock.now());
    }
  }

  private inFlight(): number {
    return isAsynchronous(this.operator) ? this.operator.pending : 0;
  }

  private finish(done: boolean): void {
    let finished = done;
    this.suspended = false;
    for (let resumes = 0; !finished; resumes++) {
      if (resumes === MOST_RESUMES) throw new Error('the operator stays suspended');
      finished = this.outlets.every(outlet => outlet.resume()) && this.operator.resume();
      if (finished || resumes < LEAST_RESUMES || this.inFlight() === 0) continue;
      // What is in flight lands when the event loop runs.
      this.suspended = true;
      return;
    }
  }

  private expectSettled(): void {
    if (this.suspended) throw new Error('the operator is suspended: settle() comes first');
  }
}

/**
 * Replays events through an operator: as they are, with every other output refused, with snapshot and
 * restore before every event, whole or by what has changed, and with both. Throws when the outputs differ (between two
 * events their order does not matter), else returns them, event by event.
 */
export function replayOperator(
  make: (parts: HarnessParts) => Operator,
  events: readonly OperatorEvent[],
  options: Omit<HarnessOptions, 'refusing' | 'restoring'> = {},
): OperatorOutput[][] {
  const plain = outputsOf(make, events, options);
  for (const refusing of [false, true]) {
    for (const restoring of refusing ? WAYS : WAYS.slice(0, 2)) {
      const again = outputsOf(make, events, { ...options, refusing, restoring });
      const at = plain.findIndex(
        (outputs, i) => !isDeepStrictEqual(sorted(outputs), sorted(again[i])),
      );
      if (at < 0) continue;
      throw new Error(
        `With ${howItWent(refusing, restoring)}, event ${at} (${JSON.stringify(events[at])}) gives ` +
          `${JSON.stringify(again[at])} and not ${JSON.stringify(plain[at])}.`,
      );
    }
  }
  return plain;
}

/**
 * The same for an operator that is asynchronous. Between two events it is only waited for while it takes
 * nothing, and for all that is in flight after the last, so when an output comes is not compared,
 * but which there are. Returns them, as they come when nothing is refused or restored.
 */
export async function replayAsyncOperator(
  make: (parts: HarnessParts) => Operator,
  events: readonly OperatorEvent[],
  options: Omit<HarnessOptions, 'refusing' | 'restoring'> = {},
): Promise<OperatorOutput[]> {
  const plain = await asyncOutputsOf(make, events, options);
  for (const refusing of [false, true]) {
    for (const restoring of [false, true]) {
      const again = await asyncOutputsOf(make, events, { ...options, refusing, restoring });
      if (isDeepStrictEqual(sorted(plain), sorted(again))) continue;
      throw new Error(
        `With ${howItWent(refusing, restoring)}, it gives ${JSON.stringify(again)} and not ` +
          `${JSON.stringify(plain)}.`,
      );
    }
  }
  return plain;
}

async function asyncOutputsOf(
  make: (parts: HarnessParts) => Operator,
  events: readonly OperatorEvent[],
  options: HarnessOptions,
): Promise<OperatorOutput[]> {
  const harness = new OperatorHarness(make, options);
  for (const event of events) {
    harness.apply(event);
    await harness.settle(false);
  }
  await harness.settle();
  const late = harness.late.records.map(record => ({ late: record }));
  const dead = harness.deadLetters.records.map(record => ({ dead: record }));
  return [...harness.take(), ...late, ...dead] as OperatorOutput[];
}

function outputsOf(
  make: (parts: HarnessParts) => Operator,
  events: readonly OperatorEvent[],
  options: HarnessOptions,
): OperatorOutput[][] {
  const harness = new OperatorHarness(make, options);
  return events.map(event => {
    harness.apply(event);
    const late = harness.late.records.splice(0).map(record => ({ late: record }));
    const dead = harness.deadLetters.records.splice(0).map(record => ({ dead: record }));
    return [...harness.take(), ...late, ...dead] as OperatorOutput[];
  });
}

export function howItWent(refusing: boolean, restoring: HarnessOptions['restoring']): string {
  const how = [
    refusing && 'every other output refused',
    restoring === true && 'restored every time',
    restoring === 'increments' && 'restored from what has changed',
  ];
  return how.filter(Boolean).join(' and ');
}

function sorted(outputs: readonly OperatorOutput[]): OperatorOutput[] {
  return outputs.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
}

/** The operator after the one under test. */
export class Collector implements Operator {
  readonly outputs: OperatorOutput[] = [];
  readonly watermarks: number[] = [];
  ended = false;
  private readonly refuses: boolean;
  private turn = false;
  /** Resumes that still say no. */
  private holding = 0;

  constructor(refuses: boolean) {
    this.refuses = refuses;
  }

  push(value: unknown, context: ContextCell): boolean {
    this.expectFree();
    this.outputs.push({ key: context.key, timestamp: context.timestamp, value });
    this.turn = !this.turn;
    if (!this.refuses || !this.turn) return true;
    this.holding = 2;
    return false;
  }

  watermark(watermark: number): boolean {
    this.expectFree();
    this.watermarks.push(watermark);
    return true;
  }

  end(): boolean {
    this.expectFree();
    this.ended = true;
    return true;
  }

  resume(): boolean {
    if (this.holding > 0) this.holding--;
    return this.holding === 0;
  }

  snapshot(): void {}

  restore(): void {}

  private expectFree(): void {
    if (this.holding > 0) throw new Error('the operator went on while it was suspended');
  }
}
