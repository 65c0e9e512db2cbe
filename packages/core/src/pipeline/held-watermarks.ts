import type { TaskStats } from './task-stats.ts';

interface Standing {
  readonly watermark: number;
  readonly heldBy: string | undefined;
  readonly sinceMs: number;
  told: boolean;
}

/**
 * Finds inputs that have held a watermark for long while others are further on: a window that never
 * closes would otherwise be silent for ever. Fed with the tasks' statistics now and then.
 */
export class HeldWatermarks {
  private readonly afterMs: number;
  private readonly standing = new Map<number, Standing>();

  constructor(afterMs: number) {
    this.afterMs = afterMs;
  }

  /** The tasks of one job that are held for so long now; each is told once, until it moves. */
  look(tasks: readonly TaskStats[], nowMs: number): TaskStats[] {
    return tasks.filter(({ task, watermark, heldBy }) => {
      const known = this.standing.get(task);
      if (known === undefined || known.watermark !== watermark || known.heldBy !== heldBy) {
        this.standing.set(task, { watermark, heldBy, sinceMs: nowMs, told: false });
        return false;
      }
      if (heldBy === undefined || known.told || nowMs - known.sinceMs < this.afterMs) return false;
      known.told = true;
      return true;
    });
  }
}
