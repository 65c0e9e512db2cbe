import type { BatchOrigin } from '../epoch/task-snapshot.ts';
import { fail } from '../errors.ts';

const PARTS = 6;

/**
 * Names a batch of results for good: whenever the same token comes again, after a crash, a rollback or
 * with another number of tasks, the same results come with it.
 *
 * Whoever keeps each `text` that has come knows what comes again. Fewer do as well: the last one of
 * each `writer`, and `isAfter`.
 */
export class DeliveryToken implements BatchOrigin {
  readonly pipeline: string;
  readonly sink: string;
  /** The task that gave the results, by its number in the plan at that time. */
  readonly task: number;
  /**
   * The run of epochs that it is of, all numbered apart: a pipeline that begins from nothing, or from a
   * savepoint, begins another one.
   */
  readonly lineage: string;
  /** The epoch that the results are a part of. */
  readonly epoch: number;
  /** Which of the task's batches in the epoch: 0, 1, 2 and so on. */
  readonly sequence: number;
  /** Whose batches come one after another, in the order of their tokens: pipeline, sink and task. */
  readonly writer: string;
  /** All of it, as a text that is as good as the token. */
  readonly text: string;

  /** Made by the engine. */
  constructor({ pipeline, sink, task, lineage, epoch }: BatchOrigin, sequence: number) {
    this.pipeline = pipeline;
    this.sink = sink;
    this.task = task;
    this.lineage = lineage;
    this.epoch = epoch;
    this.sequence = sequence;
    this.writer = `${encodeURIComponent(pipeline)}/${encodeURIComponent(sink)}/${task}`;
    this.text = `${this.writer}/${lineage}/${epoch}/${sequence}`;
  }

  /**
   * Whether this batch has not come yet, where `last` is the text of the last token of the same writer
   * that was kept, if there is one. Throws `INVALID_TOKEN` for any other text.
   */
  isAfter(last: string | null | undefined): boolean {
    if (last === undefined || last === null) return true;
    const parts = last.split('/');
    const epoch = Number(parts[PARTS - 2]);
    const sequence = Number(parts[PARTS - 1]);
    const isOurs = last.startsWith(`${this.writer}/`) && parts.length === PARTS;
    if (!isOurs || !Number.isSafeInteger(epoch) || !Number.isSafeInteger(sequence)) {
      fail(
        'INVALID_TOKEN',
        `The text ${JSON.stringify(last)} is no token of the writer "${this.writer}"; keep the text of ` +
          'the last token of each writer.',
      );
    }
    // Another lineage has begun after the one before had ended, so whatever it gives is new.
    if (parts[PARTS - 3] !== this.lineage) return true;
    return epoch === this.epoch ? this.sequence > sequence : this.epoch > epoch;
  }

  toString(): string {
    return this.text;
  }
}
