import { type WorkInHand, WorkRow } from '@lite-streams/core/ground';
import type { TaskPlan } from '@lite-streams/core/internal';

/** What a task has been at for long, or is at no longer. */
export interface SlowWork {
  readonly task: number;
  readonly work: WorkInHand;
  /** By the clock, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** How long that has been by now. */
  readonly lastedMs: number;
  readonly over: boolean;
}

/** Work that was met in some look, and in all since. */
interface Seen {
  readonly work: WorkInHand;
  readonly atMs: number;
  readonly sinceMs: number;
  told: boolean;
}

interface Watched {
  readonly task: TaskPlan;
  readonly row: WorkRow;
  seen: Seen | undefined;
}

/**
 * Looks now and then at what the tasks of a job are at, and finds work that does not come to its end:
 * each is told once, and once more when it is over. What is reported lasted that long at least: time counts from
 * the look that met the work first, unless its step began with it.
 */
export class SlowWorkWatch {
  private readonly afterMs: number;
  /** Of each processor its tasks, those further down the pipeline later. */
  private readonly processors: Watched[][] = [];

  constructor(memory: SharedArrayBuffer, tasks: readonly TaskPlan[], afterMs: number) {
    this.afterMs = afterMs;
    for (const task of tasks) {
      this.processors[task.processor] ??= [];
      this.processors[task.processor].push({
        task,
        row: new WorkRow(memory, task.id),
        seen: undefined,
      });
    }
  }

  /** `nowMs` never goes back; `dateMs` is since 1970. */
  look(nowMs: number, dateMs: number): SlowWork[] {
    const news: SlowWork[] = [];
    for (const tasks of this.processors) {
      if (tasks === undefined) continue;
      for (const watched of tasks) this.see(watched, nowMs, dateMs, news);
      this.tellInnermost(tasks, nowMs, dateMs, news);
    }
    return news;
  }

  /** The thread is gone, whatever its tasks were at. */
  processorExited(index: number): void {
    for (const watched of this.processors[index] ?? []) {
      watched.seen = undefined;
      watched.row.idle();
      watched.row.markSlow(undefined);
    }
  }

  private see(watched: Watched, nowMs: number, dateMs: number, news: SlowWork[]): void {
    const { row, seen } = watched;
    const work = row.inHand();
    if (seen !== undefined && work !== undefined && isSame(seen.work, work)) return;
    if (seen?.told) {
      row.markSlow(undefined);
      news.push(newsOf(watched, seen, dateMs, true));
    }
    watched.seen = work && { work, atMs: nowMs, sinceMs: work.sinceMs ?? dateMs, told: false };
  }

  /** Of tasks that are at something because another gives it to them, the last one keeps the thread. */
  private tellInnermost(
    tasks: readonly Watched[],
    nowMs: number,
    dateMs: number,
    news: SlowWork[],
  ): void {
    const isLong = ({ seen }: Watched) => seen !== undefined && nowMs - seen.atMs >= this.afterMs;
    const watched = tasks.findLast(isLong);
    const seen = watched?.seen;
    if (watched === undefined || seen === undefined || seen.told) return;
    seen.told = true;
    watched.row.markSlow(seen.work, seen.sinceMs);
    news.push(newsOf(watched, seen, dateMs, false));
  }
}

function isSame(a: WorkInHand, b: WorkInHand): boolean {
  return a.step === b.step && a.doing === b.doing && a.frame === b.frame && a.offset === b.offset;
}

function newsOf({ task }: Watched, { work, sinceMs }: Seen, dateMs: number, over: boolean) {
  return { task: task.id, work, sinceMs, lastedMs: Math.max(0, dateMs - sinceMs), over };
}
