import {
  asEpochError,
  createChannelMemory,
  createWorkMemory,
  type EpochDriver,
  OutputGauge,
  refuseCheckpoint,
  StreamError,
} from '@lite-streams/core/ground';
import type { Explanation, Plan } from '@lite-streams/core/internal';
import { createBoard } from '../job/board.ts';
import { type Failure, fromFailure, toFailure } from '../protocol/failure.ts';
import type {
  Ending,
  FromProcessor,
  FromSupervisor,
  Outline,
  ToProcessor,
} from '../protocol/messages.ts';
import { JobEpochs } from './job-epochs.ts';
import { machineClock, type RunClock } from './run-clock.ts';
import { SlowWorkWatch } from './slow-work.ts';

/** What a job's run can do to its surroundings. */
export interface JobSurroundings {
  readonly processors: number;
  readonly channelBytes: number;
  /** How long a task may be at one thing before that is told. */
  readonly slowCallMs: number;
  /** Default: the machine's. */
  readonly clock?: RunClock | undefined;
  send(index: number, message: ToProcessor): void;
  tell(message: FromSupervisor): void;
  /** Where the epochs of pipelines with checkpoints are kept: of those that read from disk, on disk. */
  epochs(durable: boolean): EpochDriver;
  /** The run is over; nothing of it is left on any processor. */
  over(job: number): void;
}

/** What is to be run. */
export interface RunRequest {
  readonly module: string;
  readonly name: string | undefined;
  readonly savepoint: string | undefined;
}

/** What the main thread has made for a job. */
export interface Beginning {
  /** Shards of each source topic. */
  readonly shards: ReadonlyMap<string, number>;
  readonly durable: boolean;
  readonly keep: boolean;
}

/**
 * How the job stands on one processor. `void`: its thread is dead and the next has not been told
 * anything yet.
 */
type Part =
  | 'void'
  | 'loading'
  | 'importing'
  | 'loaded'
  | 'beginning'
  | 'running'
  | 'finished'
  | 'dropping';

const LOADS: ReadonlySet<Part> = new Set(['loading', 'importing']);
const HAS_TASKS: ReadonlySet<Part> = new Set(['beginning', 'running', 'finished', 'dropping']);

/** What the tasks of all processors are made from. */
interface Planned {
  readonly plan: Plan;
  readonly explanation: Explanation;
  readonly board: SharedArrayBuffer;
  /** Where tasks say what they are at, and what of that takes long. */
  readonly work: SharedArrayBuffer;
  readonly watch: SlowWorkWatch;
  /** Made anew whenever the tasks of all processors begin anew. */
  shared: SharedParts;
}

/** What the tasks of one incarnation share. */
interface SharedParts {
  readonly channels: ReadonlyMap<number, SharedArrayBuffer>;
  readonly gauge: SharedArrayBuffer;
}

/** The processor that makes the plan, from the pipeline that it has loaded. */
const PLANNER = 0;

/** Deaths in a row of a processor while it imported the module, after which that is to blame. */
const MOST_DEATHS_IMPORTING = 3;

/**
 * Restarts in a row in which a job that had something to read read nothing on, after which it is
 * given up: a record that kills its thread would do so for ever.
 */
const MOST_FUTILE_RESTARTS = 10;

/**
 * One pipeline from the loading of its module to its end, over all processors: a small state machine
 * fed by what the processors say and by what befalls them. It holds no topic and no user code.
 */
export class JobRun {
  readonly job: number;
  private readonly request: RunRequest;
  private readonly around: JobSurroundings;
  private readonly parts: Part[];
  private readonly deathsImporting: number[];
  /** Processors that have not shown how their tasks stand yet, by the number of the request. */
  private readonly showing = new Map<number, Set<number>>();
  private phase: 'loading' | 'loaded' | 'running' | 'ending' | 'over' = 'loading';
  private outline: Outline | undefined;
  /** Known once the main thread has made the topics. */
  private beginning: Beginning | undefined;
  private planAsked = false;
  private planned: Planned | undefined;
  private runningTold = false;
  /** Threads that died, and whose tasks have not begun again yet. */
  private readonly restarting: number[] = [];
  private incarnation = 0;
  /** The incarnation that every processor has begun. */
  private begunIncarnation = -1;
  /**
   * Sums of committed offsets, and of what there was to read beyond them, by processor, as they were
   * when it began; and the largest sum of committed offsets that any restart found.
   */
  private readonly committed: number[];
  private readonly unread: number[];
  private furthest = -1;
  private futileRestarts = 0;
  private epochs: JobEpochs | undefined;
  private ending: Ending = { state: 'stopped', error: undefined };

  constructor(job: number, request: RunRequest, around: JobSurroundings) {
    this.job = job;
    this.request = request;
    this.around = around;
    this.parts = new Array<Part>(around.processors).fill('void');
    this.deathsImporting = new Array<number>(around.processors).fill(0);
    this.committed = new Array<number>(around.processors).fill(0);
    this.unread = new Array<number>(around.processors).fill(0);
    for (const index of this.parts.keys()) this.load(index);
  }

  /** The main thread has made the topics and the group. */
  begin(beginning: Beginning): void {
    this.beginning = beginning;
    this.advance();
  }

  /** Ends the run as soon as every processor has let go of it. */
  end(state: Ending['state'], error?: Failure): void {
    if (this.phase === 'ending' || this.phase === 'over') return;
    this.phase = 'ending';
    this.ending = { state, error };
    this.epochs?.close(error === undefined ? this.stopped() : fromFailure(error));
    for (const [index, part] of this.parts.entries()) {
      if (HAS_TASKS.has(part) && part !== 'dropping') this.drop(index);
    }
    this.advance();
  }

  said(index: number, message: FromProcessor): void {
    switch (message.kind) {
      case 'importing':
        if (this.parts[index] === 'loading') this.parts[index] = 'importing';
        return;
      case 'loaded':
        if (LOADS.has(this.parts[index])) this.parts[index] = 'loaded';
        this.deathsImporting[index] = 0;
        this.outline ??= message.outline;
        break;
      case 'planned':
        if (this.phase === 'loaded') this.start(message.plan, message.explanation);
        break;
      case 'begun':
        if (message.incarnation !== this.incarnation) return;
        if (this.parts[index] === 'beginning') this.parts[index] = 'running';
        this.committed[index] = message.committed;
        this.unread[index] = message.unread;
        break;
      case 'finished':
        if (message.incarnation !== this.incarnation) return;
        if (this.parts[index] === 'running') this.parts[index] = 'finished';
        break;
      case 'dropped':
        if (this.parts[index] === 'dropping') this.parts[index] = 'loaded';
        break;
      case 'failed':
        if (LOADS.has(this.parts[index])) this.parts[index] = 'void';
        this.end('failed', message.error);
        break;
      case 'taken':
      case 'task-ended':
      case 'hurry':
        if (message.incarnation === this.incarnation) this.epochs?.said(message);
        return;
      case 'shown':
        this.hasShown(index, message.request);
        return;
      case 'warning':
        this.around.tell(message);
        return;
    }
    this.advance();
  }

  /** A processor is gone, with whatever of this job was on it. */
  processorExited(index: number, thread: number, error: Error | undefined): void {
    const part = this.parts[index];
    this.parts[index] = 'void';
    if (index === PLANNER) this.planAsked = false;
    this.hasShown(index);
    this.planned?.watch.processorExited(index);
    if (part === 'importing' && ++this.deathsImporting[index] >= MOST_DEATHS_IMPORTING) {
      this.end('failed', toFailure(this.diedImporting(error)));
    } else if (this.phase === 'running' && HAS_TASKS.has(part)) {
      this.lost(index, part, thread, error);
    }
    this.advance();
  }

  /** A new thread has the place: it has to load the module before it can take part. */
  processorReplaced(index: number): void {
    const isAlive = this.phase !== 'ending' && this.phase !== 'over';
    if (isAlive && this.parts[index] === 'void') this.load(index);
  }

  /** Has every processor show how its tasks stand, then says so to the main thread. */
  show(request: number): void {
    const asked = new Set<number>();
    this.showing.set(request, asked);
    for (const [index, part] of this.parts.entries()) {
      if (part !== 'running' && part !== 'finished') continue;
      asked.add(index);
      this.around.send(index, { kind: 'show', job: this.job, request });
    }
    this.hasShown(-1, request);
  }

  /** Makes an epoch, and tells the main thread when it has been committed. */
  checkpoint(request: number, savepoint: string | undefined): void {
    const done = (epoch: number, error: unknown): void => {
      const failure = error === undefined ? undefined : toFailure(error);
      this.around.tell({ kind: 'checkpointed', job: this.job, request, epoch, error: failure });
    };
    if (this.epochs !== undefined) this.epochs.request({ savepoint, done });
    else done(0, refusal(this.outline?.pipeline ?? ''));
  }

  hurry(): void {
    this.epochs?.hurry();
  }

  /** To be called now and then: tells of tasks that do not come back from what they are at. */
  lookForSlowWork(): void {
    const { now, date } = this.around.clock ?? machineClock;
    for (const slow of this.planned?.watch.look(now(), date()) ?? []) {
      this.around.tell({ kind: 'slow-work', job: this.job, ...slow });
    }
  }

  /** A processor has shown what one request, or every one, has asked of it. */
  private hasShown(index: number, only?: number): void {
    for (const [request, asked] of this.showing) {
      if (only !== undefined && request !== only) continue;
      asked.delete(index);
      if (asked.size > 0) continue;
      this.showing.delete(request);
      this.around.tell({ kind: 'shown', job: this.job, request });
    }
  }

  private load(index: number): void {
    this.parts[index] = 'loading';
    const { module, name } = this.request;
    this.around.send(index, { kind: 'load', job: this.job, module, name });
  }

  private askForPlan(shards: ReadonlyMap<string, number>): void {
    this.planAsked = true;
    this.around.send(PLANNER, { kind: 'plan', job: this.job, shards });
  }

  private start(plan: Plan, explanation: Explanation): void {
    const shared = this.newSharedParts(plan);
    if (shared === undefined || !this.prepareEpochs(plan)) return;
    const { tasks } = plan;
    const work = createWorkMemory(tasks.length);
    const watch = new SlowWorkWatch(work, tasks, this.around.slowCallMs);
    this.planned = { plan, explanation, shared, board: createBoard(tasks.length), work, watch };
    this.phase = 'running';
  }

  /** False when the job has ended over it. */
  private prepareEpochs({ pipeline, checkpoint }: Plan): boolean {
    if (checkpoint === undefined) return true;
    const { job, around } = this;
    try {
      this.epochs = new JobEpochs(pipeline, checkpoint, this.request.savepoint, {
        clock: around.clock,
        driver: around.epochs(this.beginning?.durable === true),
        begin: epoch => this.sendAll({ kind: 'epoch', job, incarnation: this.incarnation, epoch }),
        committed: (epoch, tookMs) => {
          this.sendAll({ kind: 'committed', job, incarnation: this.incarnation, epoch });
          around.tell({ kind: 'epoch', job, epoch, tookMs });
        },
        warn: message => around.tell({ kind: 'warning', job, message }),
        failed: error => this.end('failed', toFailure(asEpochError(error, pipeline))),
      });
      return true;
    } catch (error) {
      this.end('failed', toFailure(error));
      return false;
    }
  }

  private forgetEpochs(): void {
    if (this.planned === undefined || this.beginning === undefined) return;
    const { durable, keep } = this.beginning;
    if (!keep) this.around.epochs(durable).forget(this.planned.plan.pipeline);
  }

  private sendAll(message: ToProcessor): void {
    for (const [index, part] of this.parts.entries()) {
      if (part === 'running' || part === 'finished') this.around.send(index, message);
    }
  }

  /** Does what has become possible. */
  private advance(): void {
    const { parts } = this;
    if (this.phase === 'loading') {
      if (this.outline !== undefined && parts.every(part => part === 'loaded')) {
        this.phase = 'loaded';
        this.around.tell({ kind: 'loaded', job: this.job, outline: this.outline });
      }
    } else if (this.phase === 'loaded') {
      const shards = this.beginning?.shards;
      const isReady = parts[PLANNER] === 'loaded' && !this.planAsked;
      if (shards !== undefined && isReady) this.askForPlan(shards);
    } else if (this.phase === 'running') {
      this.advanceRunning();
    } else if (this.phase === 'ending' && !parts.includes('dropping')) {
      this.phase = 'over';
      this.forgetEpochs();
      for (const [index, part] of parts.entries()) {
        if (part !== 'void') this.around.send(index, { kind: 'forget', job: this.job });
      }
      this.around.tell({ kind: 'ended', job: this.job, how: this.ending });
      this.around.over(this.job);
    }
  }

  private advanceRunning(): void {
    const { parts } = this;
    // A new incarnation begins everywhere at once: its channels join all processors.
    if (parts.some(part => part === 'void' || LOADS.has(part) || part === 'dropping')) return;
    for (const [index, part] of parts.entries()) if (part === 'loaded') this.beginOn(index);
    if (parts.includes('beginning')) return;
    if (this.begunIncarnation !== this.incarnation) {
      this.begunIncarnation = this.incarnation;
      this.epochs?.start(this.planned?.plan.tasks.length ?? 0);
    }
    this.tellRunning();
    for (const thread of this.restarting.splice(0)) {
      this.around.tell({ kind: 'restarted', job: this.job, thread });
    }
    if (parts.every(part => part === 'finished')) this.end('drained');
  }

  private beginOn(index: number): void {
    if (this.planned === undefined) return;
    const { plan, board, work, shared } = this.planned;
    const { job, incarnation } = this;
    this.parts[index] = 'beginning';
    const epochs = this.epochs;
    const { from, lineage = '' } = epochs ?? { from: undefined };
    this.around.send(index, {
      kind: 'begin',
      job,
      incarnation,
      plan,
      ...shared,
      board,
      work,
      from,
      lineage,
    });
  }

  private tellRunning(): void {
    if (this.runningTold || this.planned === undefined) return;
    this.runningTold = true;
    const { plan, explanation, board, work } = this.planned;
    this.around.tell({ kind: 'running', job: this.job, plan, explanation, board, work });
  }

  /**
   * Tasks have died with their processor. With checkpoints all tasks go back to the last epoch; without
   * them, state cannot be had again. Without state, what was not committed is read again: by all tasks
   * where channels join them, since what was in a channel is gone; else by those alone that died.
   */
  private lost(index: number, part: Part, thread: number, error: Error | undefined): void {
    const { planned } = this;
    if (planned === undefined) return;
    const { plan } = planned;
    const { epochs } = this;
    const canEndAlone =
      epochs === undefined ? plan.stateful || plan.channels.length === 0 : epochs.finished;
    if (part === 'finished' && canEndAlone) {
      // Whatever it did is done for good, and nobody will ask it for more.
      this.parts[index] = 'finished';
      return;
    }
    if (!plan.tasks.some(({ processor }) => processor === index)) return;
    const why = error === undefined ? '' : `: ${error.message}`;
    if (plan.stateful && epochs === undefined) {
      const message =
        `The processor ${index} (thread ${thread}) that held state of the pipeline ` +
        `"${plan.pipeline}" died${why}. Without checkpoints its windows are lost; run it again.`;
      this.end('failed', toFailure(new StreamError('STATE_LOST', message, { cause: error })));
      return;
    }
    if (this.isFutile()) {
      const message =
        `The pipeline "${plan.pipeline}" was given up: its processor died ` +
        `${MOST_FUTILE_RESTARTS + 1} times in a row without reading on${why}.`;
      this.end('failed', toFailure(new StreamError('THREAD_FAILED', message, { cause: error })));
      return;
    }
    epochs?.stop();
    if (plan.channels.length > 0 || epochs !== undefined) {
      const shared = this.newSharedParts(plan);
      if (shared === undefined) return;
      this.incarnation++;
      planned.shared = shared;
      for (const [other, part] of this.parts.entries()) {
        if (HAS_TASKS.has(part) && part !== 'dropping') this.drop(other);
      }
    }
    this.restarting.push(thread);
  }

  /** Whether the job has read nothing on since it was last restarted, too often in a row. */
  private isFutile(): boolean {
    const committed = sumOf(this.committed);
    if (committed > this.furthest) this.futileRestarts = 0;
    else if (sumOf(this.unread) > 0) this.futileRestarts++;
    this.furthest = Math.max(this.furthest, committed);
    return this.futileRestarts >= MOST_FUTILE_RESTARTS;
  }

  private drop(index: number): void {
    this.parts[index] = 'dropping';
    this.around.send(index, { kind: 'drop', job: this.job });
  }

  /** Memory for the channels between processors and for the gauge; without it the job ends. */
  private newSharedParts(plan: Plan): SharedParts | undefined {
    const shared = plan.channels.filter(channel => channel.shared);
    const { channelBytes } = this.around;
    try {
      const channels = shared.map(({ id }) => [id, createChannelMemory(channelBytes)] as const);
      return { channels: new Map(channels), gauge: OutputGauge.memory() };
    } catch (cause) {
      const message =
        `The pipeline "${plan.pipeline}" needs ${shared.length} channels of ${channelBytes} bytes, ` +
        'for which there is no memory; fewer shards or processors, or a smaller channelBytes, would do.';
      this.end('failed', toFailure(new StreamError('OUT_OF_MEMORY', message, { cause })));
      return undefined;
    }
  }

  private stopped(): StreamError {
    const name = this.outline?.pipeline;
    return new StreamError('CLOSED', `The pipeline "${name}" was stopped.`);
  }

  private diedImporting(error: Error | undefined): Error {
    return new StreamError(
      'THREAD_FAILED',
      `Processors died while they imported the pipeline module ${this.request.module}` +
        `${error === undefined ? '' : `: ${error.message}`}.`,
      { cause: error },
    );
  }
}

function refusal(pipeline: string): unknown {
  try {
    return refuseCheckpoint(pipeline);
  } catch (error) {
    return error;
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
