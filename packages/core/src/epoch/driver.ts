import type { Epoch } from './task-snapshot.ts';

/**
 * Where a pipeline's epochs are kept: the one place that decides what a pipeline has done. The
 * engine's own keep them in memory or in its directory; a log with transactions would put the
 * positions, the outputs and the record of the epoch into one.
 *
 * Together with `Wiring.source` (which assigns a shard to a task, from a position on),
 * `SourceInput.poll` (which fetches) and `RecordSink` (which appends the outputs of an epoch) this is
 * all that checkpoints need of a log.
 */
export interface EpochDriver {
  /** The last epoch of a pipeline that was committed, or `undefined` when there is none. */
  restore(pipeline: string): Epoch | undefined;
  /**
   * Commits an epoch: when it returns, `restore` gives this one, whatever dies; when it throws, the
   * one before. All outputs of the epoch are acknowledged before it is called.
   */
  commit(epoch: Epoch): void;
  /** Keeps an epoch under a name until it is replaced. Throws `INVALID_OPTION` for a bad name. */
  save(name: string, epoch: Epoch): void;
  /** A savepoint. Throws `UNKNOWN_SAVEPOINT`. */
  saved(pipeline: string, name: string): Epoch;
  /** Forgets the epochs of a pipeline, but not its savepoints. */
  forget(pipeline: string): void;
}

/**
 * From now on a savepoint is the last epoch of its pipeline, and the first of a new lineage: what
 * follows is not what followed the first time. Throws `UNKNOWN_SAVEPOINT`.
 */
export function resumeFrom(
  driver: EpochDriver,
  pipeline: string,
  savepoint: string,
  lineage: string,
): void {
  const saved = driver.saved(pipeline, savepoint);
  const last = driver.restore(pipeline)?.epoch ?? 0;
  driver.commit({ ...saved, epoch: Math.max(last, saved.epoch) + 1, lineage });
}

/** A name for a lineage that begins now. */
export function newLineage(nowMs: number): string {
  return nowMs.toString(36);
}
