import { systemClock, type TaskStats, type UserCall } from '@lite-streams/core';
import { describeDelivery, HeldWatermarks, OUTSIDE, USER_CODE } from '@lite-streams/core/internal';
import type { EngineJob, JobHome } from './engine-job.ts';

/**
 * Looks after one job for what would otherwise be silent for ever: an output that waits for room
 * because of a group that nobody reads, an input that holds the watermark, a system outside that takes
 * no results, a call of `mapAsync` that does not end, dead letters. Each is told once, until it moves on. (Calls that keep
 * their thread are watched by the supervisor, which is never busy.)
 */
export class JobWatch {
  private readonly job: EngineJob;
  private readonly home: JobHome;
  private readonly afterMs: number;
  private readonly watermarks: HeldWatermarks;
  private out = -1;
  private sinceMs = 0;
  private told = false;
  /** Of each task the batch for a system outside that was told of, by since when it has waited. */
  private readonly toldBatches = new Map<number, number>();
  private readonly slowCallMs: number;
  /** So many dead letters are told of next. */
  private nextDeadLetters = 1;
  /** Of each task the call of `mapAsync` that was told of. */
  private readonly toldCalls = new Map<number, UserCall>();

  constructor(job: EngineJob, home: JobHome, afterMs: number, slowCallMs: number) {
    this.job = job;
    this.home = home;
    this.afterMs = afterMs;
    this.slowCallMs = slowCallMs;
    this.watermarks = new HeldWatermarks(afterMs);
  }

  /** To be called now and then. */
  look(nowMs: number): void {
    const { out, tasks, deadLetters } = this.job.stats();
    this.lookAtOutput(out, tasks, nowMs);
    this.lookAtDeadLetters(deadLetters);
    for (const task of tasks) {
      this.lookAtDelivery(task);
      this.lookAtCall(task);
    }
    const held = this.watermarks.look(tasks, nowMs);
    // Where no step waits for time, nothing is held up.
    if (held.length === 0 || !this.job.why().some(({ by }) => by !== OUTSIDE && by !== USER_CODE))
      return;
    for (const task of held) this.warn(this.heldWatermark(task));
  }

  /** Also to be called when the job has ended. */
  lookAtDeadLetters(count = this.job.stats().deadLetters): void {
    if (count < this.nextDeadLetters) return;
    this.nextDeadLetters = count * 10;
    const { name, deadLetters: topic } = this.job;
    const last = this.lastDeadLetter();
    const said = last === undefined ? '' : `; one was refused in ${last.step}: ${last.error}`;
    this.home.deadLetters({
      job: name,
      topic,
      count,
      step: last?.step,
      error: last?.error,
      message: `Pipeline "${name}": ${count} so far went to the dead letters, "${topic}"${said}.`,
    });
  }

  private lastDeadLetter(): { step: string; error: string } | undefined {
    const topic = this.home.topic(this.job.deadLetters);
    for (let shard = 0; shard < topic.shardCount; shard++) {
      for (const record of topic.latest({ shard, max: 1 })) {
        const step = record.header('error.step');
        if (step === undefined || record.header('error.pipeline') !== this.job.name) continue;
        return { step, error: record.header('error.message') ?? '' };
      }
    }
    return undefined;
  }

  private lookAtDelivery({ task, delivery }: TaskStats): void {
    const batch = delivery?.slowest;
    if (
      delivery === undefined ||
      batch === undefined ||
      this.toldBatches.get(task) === batch.sinceMs
    ) {
      return;
    }
    if (systemClock.now() - batch.sinceMs < this.afterMs) return;
    this.toldBatches.set(task, batch.sinceMs);
    this.warn(
      `${describeDelivery(task, delivery.waiting, batch)}; nothing more is committed before.`,
    );
  }

  private lookAtCall({ task, oldestCall }: TaskStats): void {
    const told = this.toldCalls.get(task);
    if (told !== undefined && oldestCall !== undefined && isSame(told, oldestCall)) return;
    const nowMs = systemClock.now();
    if (told !== undefined) {
      this.toldCalls.delete(task);
      this.job.tellSlowCall(task, told, { lastedMs: nowMs - told.sinceMs, over: true });
    }
    if (oldestCall === undefined || nowMs - oldestCall.sinceMs < this.slowCallMs) return;
    this.toldCalls.set(task, oldestCall);
    const lastedMs = nowMs - oldestCall.sinceMs;
    this.job.tellSlowCall(task, oldestCall, { lastedMs, over: false });
  }

  private lookAtOutput(out: number, tasks: readonly TaskStats[], nowMs: number): void {
    if (out !== this.out || !tasks.some(({ suspended }) => suspended)) {
      this.out = out;
      this.sinceMs = nowMs;
      this.told = false;
    } else if (!this.told && nowMs - this.sinceMs >= this.afterMs) {
      this.told = true;
      this.warn(this.heldOutput());
    }
  }

  private heldWatermark({ stage, index, watermark, heldBy }: TaskStats): string {
    const at = Number.isFinite(watermark) ? new Date(watermark).toISOString() : 'its beginning';
    return (
      `The watermark of task ${index} of stage ${stage} stands at ${at}, held by ${heldBy}: ` +
      'windows do not close. job.why() follows it back to its producer; an idleTimeout would let the ' +
      'others go on.'
    );
  }

  private heldOutput(): string {
    const groups = this.job.outputs.flatMap(topic =>
      this.home
        .topic(topic)
        .groups()
        .map(({ name, lag }) => ({ topic, name, lag })),
    );
    const most = groups.reduce((a, b) => (b.lag > a.lag ? b : a), groups[0]);
    if (most === undefined) return 'Its output waits for room, though no group holds it back.';
    return (
      `Its output waits for room: the group "${most.name}" of the topic "${most.topic}" has ` +
      `${most.lag} records left to read.`
    );
  }

  private warn(message: string): void {
    this.home.warn(this.job.name, `Pipeline "${this.job.name}": ${message}`);
  }
}

function isSame(a: UserCall, b: UserCall): boolean {
  return a.step === b.step && a.sinceMs === b.sinceMs && a.offset === b.offset;
}
