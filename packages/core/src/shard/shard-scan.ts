import { fail } from '../errors.ts';
import { CopiedRun } from './copied-run.ts';
import type { ShardHistory } from './history.ts';
import type { Shard } from './shard.ts';
import { SlotRun } from './slot-run.ts';

/** Slots that are looked at in one piece. */
const AT_ONCE = 1_024;

/**
 * Visits what stands in a shard from an offset up to another, for nobody's group: from copies of the
 * ring, and what the ring has no longer, from disk.
 */
export class ShardScan {
  private readonly shard: Shard;
  private readonly history: ShardHistory | undefined;
  private readonly run: SlotRun;
  private readonly copied: CopiedRun;

  /** `history` is closed with the scan. */
  constructor(shard: Shard, history: ShardHistory | undefined) {
    this.shard = shard;
    this.history = history;
    this.run = new SlotRun(shard);
    this.copied = new CopiedRun(shard);
  }

  /**
   * Calls `visit` for every slot of a run, run by run. Throws `OFFSET_OUT_OF_RANGE` when something of
   * it is gone.
   */
  visit(from: number, to: number, visit: (run: SlotRun, index: number) => void): void {
    for (let at = from; at < to; ) {
      const count = this.take(at, Math.min(to - at, AT_ONCE));
      const { run } = this;
      for (let i = 0; i < count && run.offset + i < to; i++) visit(run, i);
      at = run.offset + count;
    }
  }

  close(): void {
    this.copied.close();
    this.history?.close();
  }

  private take(offset: number, count: number): number {
    const { shard, run } = this;
    const earliest = shard.offsetOf(shard.physicalEarliest());
    const inRing = offset >= earliest;
    if (inRing && this.copied.take(shard.sequenceOf(offset), count, run) === 0) return count;
    const found = this.history?.read(offset, count, run) ?? 0;
    if (found > 0) return found;
    return fail(
      'OFFSET_OUT_OF_RANGE',
      `The records of shard ${shard.number} from offset ${offset} on are gone, and an epoch may have ` +
        'outputs among them that must not be given twice. Retain more of the topic.',
    );
  }
}
