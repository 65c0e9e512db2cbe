import type { Consumer, Topic } from '@lite-streams/core';
import type { Job } from '@lite-streams/workers';
import type { Until } from './intake.ts';

export interface Flow<T> {
  /** The group that the output is read in. */
  readonly group: string;
  /** Fills the job's source. */
  write(until: Until): Promise<T>;
  /** Called when nothing more is written: ends the source. */
  written(): void;
  /** Reads the job's output to its end. */
  read(results: Consumer): Promise<void>;
}

/**
 * Writes to a job and reads from it at the same time, so that neither fills up, until everything
 * written has come out. Where writing fails, what has been written still comes out; where the job or
 * reading fails, all ends.
 */
export class TwoWay {
  private readonly output: Topic;
  private readonly job: Job;
  private readonly interrupted: AbortSignal;

  /** `interrupted`: write no more, but let come out what has been written. */
  constructor(output: Topic, job: Job, interrupted: AbortSignal) {
    this.output = output;
    this.job = job;
    this.interrupted = interrupted;
  }

  async run<T>(flow: Flow<T>): Promise<T> {
    const failed = new AbortController();
    const { signal } = failed;
    // The first failure is the one that matters: the others follow from it.
    let failure: { readonly error: unknown } | undefined;
    const guard = (work: Promise<void>): Promise<void> =>
      work.catch(error => {
        failure ??= { error };
        failed.abort();
      });
    const results = this.output.consume({ group: flow.group, signal });
    const reading = guard(flow.read(results));
    const finishing = guard(this.job.drained({ signal }).then(() => this.output.end()));
    // Bad input is the end of the input: what came before it still comes out.
    const writing = flow.write({ interrupted: this.interrupted, failed: signal }).finally(() => {
      if (!signal.aborted) flow.written();
    });
    const [written] = await Promise.allSettled([writing, reading, finishing]);
    results.close();
    if (failure !== undefined) throw failure.error;
    if (written.status === 'rejected') throw written.reason;
    return written.value;
  }
}
