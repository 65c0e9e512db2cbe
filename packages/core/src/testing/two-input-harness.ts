import { isDeepStrictEqual } from 'node:util';
import { ContextCell } from '../operator/context.ts';
import { noCounts, type RecordCounts } from '../operator/counters.ts';
import { Faults } from '../operator/faults.ts';
import { isClocked, isIncremental } from '../operator/operator.ts';
import { Outlet } from '../operator/outlet.ts';
import type { TwoInputOperator } from '../operator/two-input.ts';
import { heapBackend } from '../state/heap-backend.ts';
import { MemorySnapshot } from '../state/memory-snapshot.ts';
import { VirtualClock } from '../time/clock.ts';
import { Layers } from './layers.ts';
import { MemorySink } from './memory-endpoints.ts';
import {
  Collector,
  type HarnessOptions,
  type HarnessParts,
  howItWent,
  type OperatorOutput,
  WAYS,
} from './operator-harness.ts';

/** What happens to an operator with two inputs, in order. */
export type TwoInputEvent =
  | readonly ['left' | 'right', key: unknown, timestamp: number, value: unknown]
  | readonly ['watermark', watermark: number]
  | readonly ['clock', nowMs: number]
  | readonly ['endLeft' | 'endRight' | 'end'];

/** Resumes before the harness says that an operator will never be done. */
const MOST_RESUMES = 1_000_000;

/**
 * Drives one operator with two inputs by hand, as its task would. Outputs are kept; with `refusing`
 * the operator is suspended by every other one, with `restoring` it is rebuilt between any two events.
 */
export class TwoInputHarness {
  readonly counts: RecordCounts = noCounts();
  readonly late: MemorySink;
  readonly deadLetters: MemorySink;
  private readonly build: () => TwoInputOperator;
  private readonly restoring: HarnessOptions['restoring'];
  private readonly layers = new Layers();
  private readonly outlets: readonly Outlet[];
  private readonly context = new ContextCell();
  private readonly collector: Collector;
  private readonly clock: VirtualClock;
  private readonly endedSides = { left: false, right: false };
  private operator: TwoInputOperator;

  constructor(make: (parts: HarnessParts) => TwoInputOperator, options: HarnessOptions = {}) {
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

  apply(event: TwoInputEvent): void {
    if (this.restoring === 'increments') this.restoreChanges();
    else if (this.restoring) this.restore();
    switch (event[0]) {
      case 'left':
      case 'right':
        this.push(event[0], event[1], event[2], event[3]);
        break;
      case 'watermark':
        this.watermark(event[1]);
        break;
      case 'clock':
        this.tick(event[1]);
        break;
      case 'endLeft':
        this.endSide('left');
        break;
      case 'endRight':
        this.endSide('right');
        break;
      default:
        this.end();
    }
  }

  push(side: 'left' | 'right', key: unknown, timestamp: number, value: unknown): void {
    this.context.key = key;
    this.context.timestamp = timestamp;
    this.finish(
      side === 'left'
        ? this.operator.pushLeft(value, this.context)
        : this.operator.pushRight(value, this.context),
    );
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

  endSide(side: 'left' | 'right'): void {
    this.endedSides[side] = true;
    this.finish(side === 'left' ? this.operator.endLeft() : this.operator.endRight());
  }

  /** The end of both inputs: time runs to its end first. */
  end(): void {
    if (!this.endedSides.left) this.endSide('left');
    if (!this.endedSides.right) this.endSide('right');
    this.watermark(Number.POSITIVE_INFINITY);
    this.finish(this.operator.end());
  }

  /** Takes a snapshot and goes on with a new operator that has it restored. */
  restore(): void {
    const snapshot = this.snapshot();
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

  private finish(done: boolean): void {
    let finished = done;
    for (let resumes = 0; !finished; resumes++) {
      if (resumes === MOST_RESUMES) throw new Error('the operator stays suspended');
      finished = this.outlets.every(outlet => outlet.resume()) && this.operator.resume();
    }
  }
}

/**
 * Replays events through an operator with two inputs, item by item and in bulk: as they are, with
 * every other output refused, with snapshot and restore before every event, whole or by what has
 * changed, and with both; then in
 * bulk, where of watermarks in a row only the last is told and a restore stands between two of them
 * only. Throws when the outputs differ (between two events their order does not matter; in bulk, of
 * the whole replay), else returns them, event by event.
 */
export function replayTwoInput(
  make: (parts: HarnessParts) => TwoInputOperator,
  events: readonly TwoInputEvent[],
  options: Pick<HarnessOptions, 'retries'> = {},
): OperatorOutput[][] {
  const plain = outputsOf(make, events, options);
  for (const refusing of [false, true]) {
    for (const restoring of refusing ? WAYS : WAYS.slice(0, 2)) {
      const again = outputsOf(make, events, { ...options, refusing, restoring });
      const at = plain.findIndex(
        (outputs, i) => !isDeepStrictEqual(sorted(outputs), sorted(again[i])),
      );
      if (at < 0) continue;
      differ(
        howItWent(refusing, restoring),
        `event ${at} (${JSON.stringify(events[at])})`,
        again[at],
        plain[at],
      );
    }
  }
  const all = sorted(plain.flat());
  const bulk = sorted(inBulk(make, events, options));
  if (!isDeepStrictEqual(all, bulk)) differ('everything in bulk', 'the whole', bulk, all);
  return plain;
}

function differ(
  how: string,
  what: string,
  again: readonly OperatorOutput[],
  plain: readonly OperatorOutput[],
): never {
  throw new Error(
    `With ${how}, ${what} gives ${JSON.stringify(again)} and not ${JSON.stringify(plain)}.`,
  );
}

function outputsOf(
  make: (parts: HarnessParts) => TwoInputOperator,
  events: readonly TwoInputEvent[],
  options: HarnessOptions,
): OperatorOutput[][] {
  const harness = new TwoInputHarness(make, options);
  return events.map(event => {
    harness.apply(event);
    return takeAll(harness);
  });
}

function inBulk(
  make: (parts: HarnessParts) => TwoInputOperator,
  events: readonly TwoInputEvent[],
  options: HarnessOptions,
): OperatorOutput[] {
  const harness = new TwoInputHarness(make, { ...options, refusing: true });
  for (const [at, event] of events.entries()) {
    const told = event[0] === 'watermark';
    if (told && events[at + 1]?.[0] === 'watermark') continue;
    harness.apply(event);
    if (told) harness.restore();
  }
  return takeAll(harness);
}

function takeAll(harness: TwoInputHarness): OperatorOutput[] {
  const late = harness.late.records.splice(0).map(record => ({ late: record }));
  const dead = harness.deadLetters.records.splice(0).map(record => ({ dead: record }));
  return [...harness.take(), ...late, ...dead] as unknown as OperatorOutput[];
}

function sorted(outputs: readonly OperatorOutput[]): OperatorOutput[] {
  const keyed = outputs.map(output => ({ output, text: JSON.stringify(output) }));
  return keyed.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ output }) => output);
}
