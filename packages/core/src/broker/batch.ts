import { fail } from '../errors.ts';
import type { RecordCopy } from '../record/record.ts';
import type { RecordView } from '../record/view.ts';
import type { SlotRun } from '../shard/slot-run.ts';

/** What a batch asks of the consumer that it came from. */
export interface BatchOrigin {
  commitTo(batch: Batch, offset: number): void;
}

/**
 * Records of one shard that a consumer pulled at once. They are views, valid until the consumer's
 * next batch; `copy()` keeps them. Iterating aims one view at record after record.
 */
export class Batch implements Iterable<RecordView> {
  readonly shard: number;
  /** How many records there are. */
  readonly length: number;
  /** How many records were overwritten before they could be read (topics that overwrite). */
  readonly lost: number;
  /** Offset of the first slot, and the offset to go on from. */
  readonly firstOffset: number;
  readonly endOffset: number;
  /** Which assignment of the shard it was read under. */
  readonly generation: number;

  private readonly origin: BatchOrigin;
  private readonly run: SlotRun;
  private readonly view: RecordView;
  private live = true;

  /** Made by a consumer. */
  constructor(
    origin: BatchOrigin,
    run: SlotRun,
    view: RecordView,
    lost: number,
    generation: number,
    length: number,
  ) {
    this.origin = origin;
    this.run = run;
    this.view = view;
    this.lost = lost;
    this.generation = generation;
    this.length = length;
    this.shard = run.shard;
    this.firstOffset = run.offset;
    this.endOffset = run.offset + run.count;
  }

  *[Symbol.iterator](): Iterator<RecordView> {
    for (let i = 0; i < this.run.count; i++) {
      this.checkLive();
      if (this.run.kind(i) === 0) yield this.run.view(i, this.view);
    }
  }

  /**
   * Calls `visit` with every record; the fastest way through a batch. The view it gets is the same
   * each time.
   */
  forEach(visit: (record: RecordView) => void): void {
    this.checkLive();
    const { run, view } = this;
    const { count, memory, shard, offset } = run;
    for (let i = 0; i < count; i++) {
      if (run.step(i) === 0) visit(view.wrap(memory, run.addressHere, shard, offset + i));
    }
  }

  /** The `index`-th record, or `undefined` behind the last. */
  at(index: number): RecordView | undefined {
    this.checkLive();
    let left = index;
    for (let i = 0; i < this.run.count; i++) {
      if (this.run.kind(i) === 0 && left-- === 0) return this.run.view(i, this.view);
    }
    return undefined;
  }

  /** All records as plain objects that stay valid. */
  copy(): RecordCopy[] {
    const copies: RecordCopy[] = [];
    this.forEach(record => {
      copies.push(record.copy());
    });
    return copies;
  }

  /**
   * Says that every record of this batch (and of the earlier ones of its shard) is done. Throws
   * `FENCED` when the shard has been assigned anew since, `CLOSED`.
   */
  commit(): void {
    this.origin.commitTo(this, this.endOffset);
  }

  /** Ends the batch; with `poison`, views of it throw from now on. */
  release(poison: boolean): void {
    this.live = false;
    if (poison) this.view.invalidate();
  }

  private checkLive(): void {
    if (!this.live) {
      fail(
        'STALE_VIEW',
        'A batch was read after the next one had been asked for: copy() keeps it.',
      );
    }
  }
}
