import { type DeliverySink, deliveryStats } from '../delivery/delivery-sink.ts';
import type { HeldOutputs } from '../epoch/held-outputs.ts';
import type { SourcePosition, StepSnapshot, TaskSnapshot } from '../epoch/task-snapshot.ts';
import { StreamError } from '../errors.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { DOING, type WorkRow } from '../memory/work-row.ts';
import type { RecordCounts } from '../operator/counters.ts';
import {
  type Asynchronous,
  type Clocked,
  isIncremental,
  type Operator,
  type PendingCall,
} from '../operator/operator.ts';
import type { Outlet } from '../operator/outlet.ts';
import type { StateBackend } from '../state/backend.ts';
import { MemorySnapshot } from '../state/memory-snapshot.ts';
import { TASK_STATE } from '../state/snapshot.ts';
import type { Clock } from '../time/clock.ts';
import type { Chain } from './chain.ts';
import type { Exit } from './exit.ts';
import { InputRelease } from './input-release.ts';
import type { Positions } from './ledger.ts';
import type { TaskPlan } from './plan.ts';
import type { RestoredTask } from './restored-task.ts';
import type { TaskEpochs, TaskParts } from './task-parts.ts';
import type { TaskStats } from './task-stats.ts';
import { pendingCall, type UserCall } from './user-call.ts';

/** The number that outputs of the end are marked by: of which epoch they are is not known beforehand. */
const END = 0;

/** What a task keeps itself of what it was at a barrier. */
interface OwnState {
  readonly time: number;
  readonly exits: readonly number[];
  /** What the kind of task adds: how it stands with its inputs. */
  readonly inputs: unknown;
}

/**
 * One parallel part of one stage, as a duty cycle: `step` does what it can without waiting and tells
 * whether that was anything. A thread, a loop or a test calls it. It takes no input as long as any
 * output waits for room, and releases input only when its output is done for good.
 */
export abstract class Task {
  readonly pipeline: string;
  readonly plan: TaskPlan;
  readonly counts: RecordCounts;
  readonly chain: Chain;
  /** Why the task stopped, if it failed: an error that no dead letter answers. */
  failure: StreamError | undefined;
  /** All input has ended, and all that came of it is done for good. */
  done = false;

  protected readonly head: Operator;
  protected readonly timeHead: Operator;
  protected readonly exit: Exit;
  private readonly sideOutlets: readonly Outlet[];
  private readonly clocked: readonly Clocked[];
  private readonly backends: readonly StateBackend[];
  private readonly asynchronous: readonly Asynchronous[];
  protected readonly clock: Clock;
  protected readonly work: WorkRow;
  private readonly inputRelease: InputRelease;
  private suspended = false;
  private idleWanted = false;
  private idleTold = false;
  private closed = false;
  private passedTime = Number.NEGATIVE_INFINITY;
  /** The time passed as of the last step, and since when it has been that. */
  private standing = Number.NEGATIVE_INFINITY;
  private standingSinceMs: number;
  protected readonly epochs: TaskEpochs | undefined;
  protected readonly held: HeldOutputs | undefined;
  /** Whether an epoch has been asked for since the last barrier, for what is held. */
  private hurriedForOutputs = false;
  private readonly deliveries: readonly DeliverySink[];
  /** The epoch whose barrier stands before the next input, 0 for none. */
  private wanted = 0;
  /** What was taken at a barrier that is not out yet on every exit. */
  private taken: { readonly epoch: number; readonly snapshot: TaskSnapshot } | undefined;
  /** Whether the end has been told: the next epoch that is committed contains it. */
  private endTold = false;
  /** The last epoch that it has taken the barrier of, or was restored from. */
  private lastTaken: number;
  private endCommitted = false;
  /** The end of input: told step by step, since each may suspend. */
  private ending: 'open' | 'time' | 'end' | 'flush' = 'open';

  constructor(parts: TaskParts, inputs: number) {
    this.pipeline = parts.pipeline;
    this.plan = parts.plan;
    this.counts = parts.counts;
    this.chain = parts.chain;
    this.head = parts.chain.head;
    this.timeHead = parts.chain.timeHead;
    this.exit = parts.exit;
    this.sideOutlets = parts.sideOutlets;
    this.clocked = parts.chain.clocked;
    this.backends = parts.backends;
    this.asynchronous = parts.chain.asynchronous;
    this.clock = parts.clock;
    this.work = parts.work;
    this.work.idle();
    this.standingSinceMs = parts.clock.now();
    this.epochs = parts.epochs;
    this.held = parts.held;
    this.lastTaken = parts.epochs?.from ?? 0;
    this.deliveries = parts.deliveries;
    this.inputRelease = new InputRelease(
      inputs,
      parts.exit.channels,
      parts.chain.asynchronous,
      () => this.inputPositions(),
    );
  }

  /** Goes on for about `budget` records; `true` when there was anything to do. `nowMs`: by its clock. */
  step(budget: number, nowMs = this.clock.now()): boolean {
    if (this.done) return false;
    const { work } = this;
    work.begin(nowMs);
    let progress = true;
    try {
      progress = this.tryStep(budget);
    } catch (error) {
      this.fail(error);
    }
    work.end();
    return progress;
  }

  abstract stats(): TaskStats;

  /** Goes on from what a task, or several, had been at a barrier. Throws `STATE_MISFIT`. */
  restore(from: RestoredTask): void {
    const own = from.own() as OwnState[];
    this.passedTime = Math.min(...own.map(({ time }) => time));
    const [first] = own;
    const exits = first.exits.map((_, i) => Math.min(...own.map(state => state.exits[i])));
    this.exit.restoreTimes(exits);
    this.restoreInputs(own.map(({ inputs }) => inputs));
    for (const { step, operator } of this.chain.operators) {
      from.restore(this.pipeline, step, operator);
    }
    if (!from.ended) return;
    this.ending = 'flush';
    this.exit.tellEnd();
  }

  /** An epoch begins: of a source, the barrier stands before its next record. */
  beginEpoch(_epoch: number): void {}

  /** An epoch stands: what it gives may go out; a task that was at its end in it is done after that. */
  epochCommitted(epoch: number): void {
    this.endCommitted = this.endsIn(epoch);
    this.exit.commitOutputs();
    if (this.endCommitted) this.finish();
  }

  /** Whether an epoch has this task at its end: it had told so, and takes no barrier after that. */
  protected endsIn(epoch: number): boolean {
    return this.endTold && epoch > this.lastTaken;
  }

  /** When the clock will have something for this task to do: milliseconds since 1970, +∞ for nothing. */
  get dueAtMs(): number {
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.asynchronous) dueAtMs = Math.min(dueAtMs, deadlineMs);
    for (const delivery of this.deliveries) dueAtMs = Math.min(dueAtMs, delivery.dueAtMs);
    if (this.closed || this.suspended || this.ending !== 'open') return dueAtMs;
    if (this.taken !== undefined) return dueAtMs;
    for (const one of this.clocked) dueAtMs = Math.min(dueAtMs, one.dueAtMs);
    return dueAtMs;
  }

  /** Inputs in flight in steps that are asynchronous. */
  get pending(): number {
    let pending = 0;
    for (const one of this.asynchronous) pending += one.pending;
    return pending;
  }

  /** Whether something is under way that needs the event loop. */
  get busy(): boolean {
    return this.pending > 0 || this.callsOutside;
  }

  /** Whether calls of systems outside are under way for its sinks. */
  get callsOutside(): boolean {
    return this.deliveries.some(({ busy }) => busy);
  }

  /** Where to wait for input or room, when a step had nothing to do. */
  places(): WaitingPlace[] {
    const places = [...this.inputPlaces(), ...this.exit.places()];
    if (this.taken !== undefined || this.ending === 'flush') places.push(...this.keptPlaces());
    return this.held === undefined ? places : [...places, this.held];
  }

  /** Gives up what it holds: the input that was not released will be read again. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const one of this.asynchronous) one.abandon();
    for (const backend of this.backends) backend.close?.();
    this.exit.end();
    this.closeInputs();
  }

  /** Goes on, once closed, with ending what it had open outside; `false` when there is nothing left. */
  leave(): boolean {
    for (const delivery of this.deliveries) delivery.step();
    return this.callsOutside;
  }

  /** Reads and pushes until the budget is used up, input is, or something suspends. */
  protected abstract take(budget: number): 'suspended' | 'progress' | 'nothing';
  /** Makes the value that suspended the task what it was, where others may have moved it. */
  protected abstract reaim(): void;
  /** Goes on with the input that suspended the task, its pushes having been resumed. */
  protected abstract goOn(): boolean;
  /** Where each input has been read up to. */
  protected abstract inputPositions(): Positions;
  protected abstract releaseInputs(positions: readonly number[]): void;
  protected abstract inputPlaces(): WaitingPlace[];
  protected abstract closeInputs(): void;
  /** How the task stands with its inputs, as plain data. */
  protected abstract snapshotInputs(): unknown;
  /** Takes that back, of one task or of several whose place it takes. */
  protected abstract restoreInputs(states: readonly unknown[]): void;
  /**
   * Whether a crash leaves all input that was read where it is. An epoch must not be committed before: what
   * came to stand at these offsets later would be passed over, and what was there would be counted.
   */
  protected inputIsKept(): boolean {
    return true;
  }

  /** Where to wait for that. */
  protected keptPlaces(): readonly WaitingPlace[] {
    return [];
  }

  /** Where a source has been read up to. */
  protected abstract sourcePosition(): SourcePosition | undefined;

  /** A barrier has been taken: what was read so far belongs to its epoch. */
  protected barrierTaken(_epoch: number): void {}

  /** The barrier of an epoch stands before the next input. */
  protected reachBarrier(epoch: number): void {
    this.wanted = epoch;
  }

  /** Whether a barrier stands before the next input: none may be taken before it is out. */
  protected get atBarrier(): boolean {
    return this.wanted !== 0;
  }

  /** Whether nothing stands in the way of input. */
  protected get takesInput(): boolean {
    return (
      !this.suspended &&
      this.ending === 'open' &&
      this.wanted === 0 &&
      this.taken === undefined &&
      !this.done
    );
  }

  /** An input was taken outside of `step`; `done` is false when that suspended the task. */
  protected took(done: boolean): void {
    this.inputRelease.took();
    this.suspended = !done;
  }

  /** Stops by an error that no dead letter answers. */
  protected fail(error: unknown): void {
    this.failure = asStreamError(error, this.pipeline, this.plan);
    this.done = true;
  }

  /** Tells the chain the time; `false`: suspended. */
  protected passTime(watermark: number): boolean {
    if (watermark <= this.passedTime) return true;
    this.passedTime = watermark;
    return this.timeHead.watermark(watermark);
  }

  /** All inputs are idle, or no longer. */
  protected tellIdle(idle: boolean): void {
    this.idleWanted = idle;
  }

  /** All inputs have ended. */
  protected inputEnded(): boolean {
    this.ending = 'time';
    return this.goOnEnding();
  }

  protected baseStats(): Omit<TaskStats, 'lost' | 'heldBy' | 'slowest' | 'idle'> {
    return {
      pipeline: this.pipeline,
      task: this.plan.id,
      stage: this.plan.stage,
      index: this.plan.index,
      processor: this.plan.processor,
      counts: { ...this.counts },
      watermark: this.passedTime,
      watermarkSinceMs: this.standingSinceMs,
      heldBytes: this.held?.bytes ?? 0,
      delivery: deliveryStats(this.deliveries),
      // Only another thread can see a task at it.
      slowCall: undefined,
      oldestCall: this.oldestCall(),
      suspended: this.suspended,
      atBarrier: this.atBarrier,
      done: this.done,
    };
  }

  private oldestCall(): UserCall | undefined {
    let oldest: PendingCall | undefined;
    for (const { oldest: call } of this.asynchronous) {
      if (call !== undefined && !(oldest !== undefined && oldest.sinceMs <= call.sinceMs)) {
        oldest = call;
      }
    }
    return oldest && pendingCall(oldest, this.sourcePosition()?.topic);
  }

  private tryStep(budget: number): boolean {
    let progress = this.deliveries.length > 0 && this.deliver();
    if (this.asynchronous.length > 0) this.expire();
    if (this.suspended) {
      this.work.doing(DOING.resumed);
      if (this.resume()) {
        this.suspended = false;
        progress = true;
        this.inputRelease.goesOn();
      }
    }
    if (this.clocked.length > 0 && this.tick()) progress = true;
    if (this.takesInput) {
      this.work.doing(DOING.record);
      const outcome = this.take(budget);
      this.suspended = outcome === 'suspended';
      if (outcome !== 'nothing') {
        progress = true;
        this.inputRelease.took();
      }
    }
    if (this.wanted !== 0 && !this.suspended && this.exit.isSettled()) {
      this.takeBarrier();
      progress = true;
    }
    return this.settle() || progress;
  }

  private deliver(): boolean {
    this.work.doing(DOING.sink);
    let progress = false;
    for (const delivery of this.deliveries) if (delivery.step()) progress = true;
    return progress;
  }

  /** Everything before the barrier has been done, and nothing behind it. */
  private takeBarrier(): void {
    const epoch = this.wanted;
    this.wanted = 0;
    // Whoever has come to its end says so instead, in its own time.
    if (this.ending !== 'open') return;
    this.taken = { epoch, snapshot: this.snapshot(false, epoch) };
    this.lastTaken = epoch;
    this.hurriedForOutputs = false;
    this.exit.barrier(epoch);
    this.barrierTaken(epoch);
  }

  private snapshot(ended: boolean, epoch: number): TaskSnapshot {
    this.work.doing(DOING.snapshot);
    const { stage, tasks, kindOf, tokenOf } = this.epochs as TaskEpochs;
    const own: OwnState = {
      time: this.passedTime,
      exits: this.exit.times(),
      inputs: this.snapshotInputs(),
    };
    const writer = new MemorySnapshot();
    writer.group(TASK_STATE);
    writer.put(own);
    const steps: StepSnapshot[] = [{ step: '', kind: 'task', sections: writer.written, layers: 1 }];
    for (const { step, operator } of this.chain.operators) {
      const state = new MemorySnapshot();
      let layers = 1;
      if (!ended && isIncremental(operator)) layers = operator.snapshotChanges(state);
      else operator.snapshot(state);
      const sections = state.written;
      if (sections.length > 0) steps.push({ step, kind: kindOf(step), sections, layers });
    }
    const { index } = this.plan;
    // Whatever the number of the epoch that has its end: the task takes part in none before that.
    const number = epoch === END ? this.lastTaken + 1 : epoch;
    const sealed = this.exit.seal(outlet => tokenOf(epoch, outlet), number);
    this.held?.seal();
    return { stage, index, tasks, ended, source: this.sourcePosition(), steps, ...sealed };
  }

  private expire(): void {
    this.work.doing(DOING.clock);
    const nowMs = this.clock.now();
    for (const one of this.asynchronous) if (one.deadlineMs <= nowMs) one.expire(nowMs);
  }

  /** Tells the time to operators that wait for it; `true` when there were any. */
  private tick(): boolean {
    // What comes of it belongs behind a barrier that has been taken.
    if (this.suspended || this.ending !== 'open' || this.taken !== undefined) return false;
    this.work.doing(DOING.clock);
    const nowMs = this.clock.now();
    let any = false;
    for (let i = 0; i < this.clocked.length && !this.suspended; i++) {
      if (this.clocked[i].dueAtMs > nowMs) continue;
      any = true;
      this.inputRelease.took();
      this.suspended = !this.clocked[i].tick(nowMs);
    }
    return any;
  }

  /** From the outlets up, then whatever the suspended input still has to say. */
  private resume(): boolean {
    for (const outlet of this.sideOutlets) if (!outlet.resume()) return false;
    if (this.ending === 'open') this.reaim();
    if (!this.head.resume()) return false;
    return this.ending === 'open' ? this.goOn() : this.goOnEnding();
  }

  private goOnEnding(): boolean {
    if (this.ending === 'time') {
      this.ending = 'end';
      if (!this.passTime(Number.POSITIVE_INFINITY)) return false;
    }
    if (this.ending === 'end') {
      this.ending = 'flush';
      if (!this.head.end()) return false;
    }
    return true;
  }

  /** Gets output out, and releases the input that it came from. */
  private settle(): boolean {
    if (this.passedTime !== this.standing) {
      this.standing = this.passedTime;
      this.standingSinceMs = this.clock.now();
    }
    // Who is told that this task is idle goes on without it, and so without what is in flight.
    if (this.idleWanted !== this.idleTold && !(this.idleWanted && this.pending > 0)) {
      this.idleTold = this.idleWanted;
      this.exit.markIdle(this.idleTold);
    }
    const out = this.exit.settle();
    if (this.held?.wantsEpoch && !this.hurriedForOutputs) {
      this.hurriedForOutputs = true;
      this.epochs?.hurry();
    }
    const progressed = this.inputRelease.settle(this.suspended, out);
    if (progressed) this.releaseInputs(this.inputRelease.released);
    let progress = progressed;
    if (out && this.taken !== undefined && this.isSafe()) {
      const { epoch, snapshot } = this.taken;
      this.taken = undefined;
      this.epochs?.taken(this.plan.id, epoch, snapshot);
      progress = true;
    }
    if (this.ending === 'flush' && !this.suspended && out && this.inputRelease.isClear) {
      progress = this.finish() || progress;
    }
    return progress;
  }

  /** Whether a crash leaves what was read, and what came of it. */
  private isSafe(): boolean {
    return this.exit.isAcknowledged() && this.inputIsKept();
  }

  /** All is done: with checkpoints that has to be committed before it is over. */
  private finish(): boolean {
    if (this.epochs === undefined) {
      this.close();
      this.done = true;
      return true;
    }
    if (!this.exit.isSettled() || !this.isSafe()) return false;
    if (!this.endTold) {
      this.endTold = true;
      this.epochs.ended(this.plan.id, this.snapshot(true, END));
      return true;
    }
    if (!this.endCommitted) return false;
    this.close();
    this.done = !this.callsOutside;
    return this.done;
  }
}

function asStreamError(error: unknown, pipeline: string, plan: TaskPlan): StreamError {
  if (error instanceof StreamError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StreamError(
    'TASK_FAILED',
    `Task ${plan.id} of the pipeline "${pipeline}" (stage ${plan.stage}) failed: ${why}`,
    { cause: error },
  );
}
