import { StreamError } from '../errors.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { RecordCounts } from '../operator/counters.ts';
import type { Asynchronous, Clocked, Operator } from '../operator/operator.ts';
import type { Outlet } from '../operator/outlet.ts';
import type { Clock } from '../time/clock.ts';
import type { Chain } from './chain.ts';
import type { Exit } from './exit.ts';
import { Landing } from './landing.ts';
import { ReleaseLedger } from './ledger.ts';
import type { TaskPlan } from './plan.ts';

/** How a task stands; plain data. */
export interface TaskStats {
  readonly pipeline: string;
  readonly task: number;
  readonly stage: number;
  readonly index: number;
  readonly processor: number;
  readonly counts: RecordCounts;
  /** Records that were overwritten in the source topic before they could be read. */
  readonly lost: number;
  /** Milliseconds since 1970; −∞ before there is one, +∞ at the end of input. */
  readonly watermark: number;
  /** When the watermark came to where it stands, by the clock, in milliseconds since 1970. */
  readonly watermarkSinceMs: number;
  /** The input that is furthest behind; none while all are idle, or while there is none. */
  readonly slowest: SlowestInput | undefined;
  readonly idle: boolean;
  /** What holds back others that are further on: a producer of the shard, a task of the stage before. */
  readonly heldBy: string | undefined;
  /** Waiting for room further down. */
  readonly suspended: boolean;
  readonly done: boolean;
}

/** The input of a task that its watermark waits for. */
export interface SlowestInput {
  /** Where the task reads a shard the number of a producer, else that of the task before. */
  readonly input: number;
  readonly watermark: number;
  /** The watermark of the input that is furthest ahead. */
  readonly furthest: number;
}

/** What all tasks are made from. */
export interface TaskParts {
  readonly pipeline: string;
  readonly plan: TaskPlan;
  readonly chain: Chain;
  readonly exit: Exit;
  readonly counts: RecordCounts;
  /** For dead letters and late values; they may be what the chain is suspended by. */
  readonly sideOutlets: readonly Outlet[];
  readonly clock: Clock;
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
  private readonly asynchronous: readonly Asynchronous[];
  protected readonly clock: Clock;
  private readonly ledger: ReleaseLedger;
  private readonly released: number[];
  private readonly landing: Landing;
  private suspended = false;
  private idleWanted = false;
  private idleTold = false;
  /** Whether anything was read since the last note in the ledger. */
  private unnoted = false;
  private closed = false;
  private passedTime = Number.NEGATIVE_INFINITY;
  /** The time passed as of the last step, and since when it has been that. */
  private standing = Number.NEGATIVE_INFINITY;
  private standingSinceMs: number;
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
    this.asynchronous = parts.chain.asynchronous;
    this.landing = new Landing(parts.chain.asynchronous);
    this.clock = parts.clock;
    this.standingSinceMs = parts.clock.now();
    this.ledger = new ReleaseLedger(inputs, parts.exit.channels);
    this.released = new Array<number>(inputs).fill(0);
  }

  /** Goes on for about `budget` records; `true` when there was anything to do. */
  step(budget: number): boolean {
    if (this.done) return false;
    try {
      return this.tryStep(budget);
    } catch (error) {
      this.failure = asStreamError(error, this.pipeline, this.plan);
      this.done = true;
      return true;
    }
  }

  abstract stats(): TaskStats;

  /** When the clock will have something for this task to do: milliseconds since 1970, +∞ for nothing. */
  get dueAtMs(): number {
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.asynchronous) dueAtMs = Math.min(dueAtMs, deadlineMs);
    if (this.suspended || this.ending !== 'open') return dueAtMs;
    for (const one of this.clocked) dueAtMs = Math.min(dueAtMs, one.dueAtMs);
    return dueAtMs;
  }

  /** Inputs in flight in steps that are asynchronous. */
  get pending(): number {
    let pending = 0;
    for (const one of this.asynchronous) pending += one.pending;
    return pending;
  }

  /** Where to wait for input or room, when a step had nothing to do. */
  places(): WaitingPlace[] {
    return [...this.inputPlaces(), ...this.exit.places()];
  }

  /** Gives up what it holds: the input that was not released will be read again. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const one of this.asynchronous) one.abandon();
    this.exit.end();
    this.closeInputs();
  }

  /** Reads and pushes until the budget is used up, input is, or something suspends. */
  protected abstract take(budget: number): 'suspended' | 'progress' | 'nothing';
  /** Makes the value that suspended the task what it was, where others may have moved it. */
  protected abstract reaim(): void;
  /** Goes on with the input that suspended the task, its pushes having been resumed. */
  protected abstract goOn(): boolean;
  /** Where each input has been read up to. */
  protected abstract inputPositions(): readonly number[];
  protected abstract releaseInputs(positions: readonly number[]): void;
  protected abstract inputPlaces(): WaitingPlace[];
  protected abstract closeInputs(): void;

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
      suspended: this.suspended,
      done: this.done,
    };
  }

  private tryStep(budget: number): boolean {
    let progress = false;
    if (this.suspended) {
      if (this.resume()) {
        this.suspended = false;
        progress = true;
        this.beginLanding();
      }
    }
    if (this.clocked.length > 0 && this.tick()) progress = true;
    if (!this.suspended && this.ending === 'open') {
      const outcome = this.take(budget);
      this.suspended = outcome === 'suspended';
      if (outcome !== 'nothing') {
        progress = true;
        this.unnoted = true;
      }
    }
    return this.settle() || progress;
  }

  /** Tells the time to operators that wait for it; `true` when there were any. */
  private tick(): boolean {
    if (this.suspended || this.ending !== 'open') return false;
    const nowMs = this.clock.now();
    let any = false;
    for (let i = 0; i < this.clocked.length && !this.suspended; i++) {
      if (this.clocked[i].dueAtMs > nowMs) continue;
      any = true;
      this.unnoted = true;
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

  /**
   * What is in flight may suspend the task for ever, by being as much as there may be; so positions
   * are taken whenever it is not suspended, and are good as soon as they have landed.
   */
  private beginLanding(): void {
    if (!this.unnoted || this.asynchronous.length === 0 || this.landing.waits) return;
    this.unnoted = false;
    this.landing.begin(this.inputPositions());
  }

  private settleLanding(out: boolean): void {
    const { landing } = this;
    if (!this.suspended) this.beginLanding();
    if (out && landing.waits && landing.landed()) this.ledger.note(landing.positions);
  }

  /** Whether nothing that was read is waited for any more. */
  private isClear(): boolean {
    return !this.unnoted && !this.landing.waits && this.ledger.clear;
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
    if (this.asynchronous.length > 0) this.settleLanding(out);
    else if (out && !this.suspended && this.unnoted) {
      this.unnoted = false;
      this.ledger.note(this.inputPositions());
    }
    let progress = false;
    if (this.ledger.collect(this.released)) {
      this.releaseInputs(this.released);
      progress = true;
    }
    if (this.ending === 'flush' && !this.suspended && out && this.isClear()) {
      this.close();
      this.done = true;
      progress = true;
    }
    return progress;
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
