import type { StateBackend } from '../state/backend.ts';
import { readByGroup, writeByGroup } from '../state/grouped.ts';
import { type Changing, Increments } from '../state/increments.ts';
import type { Key } from '../state/key-groups.ts';
import { Scope } from '../state/scope.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { TimerEntry, TimerQueue } from '../state/timers.ts';
import type { Clock, TimeKind } from '../time/clock.ts';
import { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import { Emission, type Emitter } from './emission.ts';
import type { Faults } from './faults.ts';
import { KeyTimers } from './key-timers.ts';
import { groupOfRow, KeyedStates, type ResolvedState, type StateRow } from './keyed-states.ts';
import type { Operator } from './operator.ts';
import type { Timer, Timers } from './process-context.ts';

export type RecordCall = (value: unknown, context: ProcessCell) => unknown;
export type TimerCall = (timer: Timer, context: ProcessCell) => unknown;

export interface KeyedCallsParts {
  readonly step: string;
  readonly states: readonly ResolvedState[];
  readonly onTimer: TimerCall | undefined;
  readonly backend: StateBackend;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly counts: RecordCounts;
}

/** The context of a call: also that of what it emits. */
export class ProcessCell extends ContextCell {
  watermark = Number.NEGATIVE_INFINITY;
  readonly state: Readonly<Record<string, unknown>>;
  readonly timers: Timers;
  /** A property, so that it can be taken out of the context. */
  readonly now: () => number;

  constructor(state: Readonly<Record<string, unknown>>, timers: Timers, clock: Clock) {
    super();
    this.state = state;
    this.timers = timers;
    this.now = () => clock.now();
  }
}

/** Watermark, clock and largest timestamp, as a snapshot has them. */
type Times = readonly [watermark: number, clockMs: number, latest: number];

/** In a snapshot, timers stand under these names, as `[name, key, time]`, and states under theirs. */
const TIMERS = ['event timers', 'processing timers'] as const;

/**
 * Calls user code with the state and timers of a key, one call at a time, and hands on what it gives;
 * fires timers. Can be suspended after any output. Operators with one input and with two stand on it.
 */
export class KeyedCalls implements Emitter {
  readonly step: string;
  private readonly onTimer: TimerCall | undefined;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;
  private readonly next: Operator;
  private readonly scope: Scope;
  private readonly timers: KeyTimers;
  private readonly states: KeyedStates;
  private readonly increments: Increments<StateRow>;
  private readonly cell: ProcessCell;
  private readonly emission: Emission = new Emission(this);
  /** The largest timestamp of a record: event time as timers by the clock see it. */
  private latest = Number.NEGATIVE_INFINITY;
  /** Whether the watermark waits for timers before it is passed on; whether the end does. */
  private passing = false;
  private ending = false;

  /** The call that is being made, or whose results are being handed on: a record's or a timer's. */
  private call: RecordCall | undefined;
  private value: unknown;
  private timer: Timer | undefined;

  constructor(parts: KeyedCallsParts, next: Operator) {
    this.step = parts.step;
    this.onTimer = parts.onTimer;
    this.faults = parts.faults;
    this.counts = parts.counts;
    this.next = next;
    this.scope = new Scope(parts.clock);
    this.timers = new KeyTimers(parts.step, this.scope);
    this.states = new KeyedStates(parts.states, parts.backend, this.scope);
    this.increments = new Increments([...this.states.changes(), ...this.timerChanges()]);
    this.cell = new ProcessCell(this.states.handles, this.timers, parts.clock);
  }

  get retries(): number {
    return this.faults.retries;
  }

  /** When a timer by the clock is due. */
  get dueAtMs(): number {
    return this.timers.processing.nextAt;
  }

  /** A value for `call`; `isView` when it is void after that. */
  record(call: RecordCall, value: unknown, context: ContextCell, isView: boolean): boolean {
    const { cell, scope } = this;
    const { key } = context;
    cell.key = scope.key = key as Key;
    cell.timestamp = scope.timestamp = context.timestamp;
    cell.record = context.record;
    cell.topic = context.topic;
    cell.shard = context.shard;
    cell.offset = context.offset;
    this.latest = Math.max(this.latest, context.timestamp);
    this.call = call;
    this.value = value;
    this.timer = undefined;
    scope.view = isView ? value : undefined;
    this.states.sweep();
    return this.begin() && this.fireDue();
  }

  /** Timers that are due by event time fire, then the watermark is passed on. */
  advance(watermark: number): boolean {
    if (watermark <= this.timers.watermark) return true;
    this.timers.watermark = this.cell.watermark = watermark;
    this.passing = true;
    return this.fireDue();
  }

  /** The clock has come so far. */
  tick(nowMs: number): boolean {
    this.timers.clockMs = nowMs;
    return this.fireDue();
  }

  /** Timers by the clock do not wait any longer; then the end is passed on. */
  end(): boolean {
    this.timers.clockMs = Number.POSITIVE_INFINITY;
    this.ending = true;
    return this.fireDue();
  }

  resume(): boolean {
    if (!this.next.resume()) return false;
    if (this.emission.active && !this.emission.proceed()) return false;
    return this.fireDue();
  }

  again(): unknown {
    const { call, cell, scope } = this;
    scope.journal.rollBack();
    if (call !== undefined) return call(this.value, cell);
    return (this.onTimer as TimerCall)(this.timer as Timer, cell);
  }

  emit(item: unknown): boolean {
    this.counts.fired++;
    return this.next.push(item, this.cell);
  }

  finished(): void {
    this.scope.journal.begin();
    if (this.call !== undefined) this.counts.processed++;
  }

  /** For good: what the call has changed is taken back. */
  refuse(error: unknown, _passed: number): boolean {
    const { cell, faults, scope, states, timer, step } = this;
    scope.journal.rollBack();
    if (timer === undefined) return faults.deadLetter(step, error, this.value, cell);
    this.counts.fired++;
    return faults.deadTimer(step, error, timer, cell, states.of(scope.key));
  }

  snapshot(writer: SnapshotWriter): void {
    writeByGroup(writer, this.times(), this.increments.whole(), groupOfRow);
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    const { entries, layers } = this.increments.take(leastPart);
    writeByGroup(writer, this.times(), entries, groupOfRow);
    return layers;
  }

  restore(reader: SnapshotReader): void {
    const { timers, cell, scope } = this;
    let told: Times | undefined;
    readByGroup(
      reader,
      state => {
        // Several tasks may have written: the one that was furthest behind holds.
        const [watermark, clockMs, latest] = state as Times;
        told ??= [watermark, clockMs, latest];
        timers.watermark = Math.min(told[0], watermark);
        timers.clockMs = Math.min(told[1], clockMs);
        this.latest = Math.max(told[2], latest);
        told = [timers.watermark, timers.clockMs, this.latest];
        cell.watermark = timers.watermark;
        if (timers.watermark !== Number.POSITIVE_INFINITY) scope.progress = timers.watermark;
      },
      entry => {
        const row = entry as StateRow;
        if (row[0] === TIMERS[0]) restoreTimer(timers.event, row);
        else if (row[0] === TIMERS[1]) restoreTimer(timers.processing, row);
        else this.states.restore(row);
      },
    );
  }

  private times(): Times {
    const { timers, latest } = this;
    return [timers.watermark, timers.clockMs, latest];
  }

  private timerChanges(): Changing<unknown, StateRow>[] {
    return [this.timers.event, this.timers.processing].map((queue, i) =>
      queue.changes<StateRow>((key, ...time) => [TIMERS[i], key, ...time]),
    );
  }

  private begin(): boolean {
    this.scope.journal.begin();
    let returned: unknown;
    try {
      returned = this.again();
    } catch (error) {
      return this.recover(error);
    }
    return this.emission.begin(returned);
  }

  private recover(error: unknown): boolean {
    const outcome = this.faults.retry(error, () => this.again());
    if (outcome.failed) return this.refuse(outcome.error, 0);
    return this.emission.begin(outcome.value);
  }

  /** Fires what is due, in the order of time; then passes on the time and the end. */
  private fireDue(): boolean {
    const { timers, scope } = this;
    const { event, processing, watermark } = timers;
    // Those of event time first, also those that one by the clock sets: as after a suspension.
    for (;;) {
      if (event.size > 0 && event.nextAt <= watermark) {
        scope.progress = Math.max(scope.progress, event.nextAt);
        if (!this.fireEvent(event.pop())) return false;
        continue;
      }
      // At the end of the input what has a time to live has not grown old.
      if (watermark !== Number.POSITIVE_INFINITY) scope.progress = watermark;
      if (processing.size === 0 || processing.nextAt > timers.clockMs) break;
      if (!this.fireProcessing(processing.pop())) return false;
    }
    if (this.passing) {
      this.passing = false;
      if (!this.next.watermark(watermark)) return false;
    }
    if (!this.ending) return true;
    this.ending = false;
    return this.next.end();
  }

  private fireEvent(timer: TimerEntry): boolean {
    this.scope.timestamp = timer.time;
    return this.fire(timer, 'event');
  }

  private fireProcessing(timer: TimerEntry): boolean {
    this.scope.timestamp = this.latest;
    return this.fire(timer, 'processing');
  }

  private fire({ key, time }: TimerEntry, kind: TimeKind): boolean {
    const { cell, scope } = this;
    cell.key = scope.key = key;
    cell.timestamp = time;
    cell.record = undefined;
    cell.shard = cell.offset = -1;
    this.call = undefined;
    this.value = undefined;
    this.timer = { kind, timestamp: time };
    return this.begin();
  }
}

function restoreTimer(queue: TimerQueue, [, key, ...time]: StateRow): void {
  if (time.length === 0) queue.deleteAll(key);
  else queue.add(key, time[0] as number);
}
