import type { Topic } from '@lite-streams/core';
import type { InputOptions, WorkloadOptions } from '../commands/option-groups.ts';
import type { LatencyCounts } from '../generate/latency.ts';
import { GeneratorThreads } from '../generate/threads.ts';
import { NdjsonInput } from '../input/ndjson.ts';
import type { Session } from './session.ts';

/** How many problems of single lines are told one by one. */
const PROBLEMS_TOLD = 10;

/** What came into a topic. */
export interface Intake {
  readonly records: number;
  readonly skipped: number;
  readonly valueBytes: number;
  /** When the first record was due, by `performance.now`, and from then until the last was in. */
  readonly startedMs: number;
  readonly tookMs: number;
  /** Of generated records: from when each should have been sent until it was in the log. */
  readonly latencies?: LatencyCounts | undefined;
}

/** When to take in no more. */
export interface Until {
  /** The user wants no more; what is under way is finished. */
  readonly interrupted: AbortSignal;
  /** Nobody reads any more: waiting for room would never end. */
  readonly failed: AbortSignal;
}

/** Fills a topic with what the options ask for. */
export function takeIn(
  session: Session,
  topic: Topic,
  options: InputOptions & WorkloadOptions,
  until: Until,
): Promise<Intake> {
  return options.input === undefined
    ? generate(session, topic, options, until)
    : readIn(session, topic, { ...options, input: options.input }, until);
}

async function generate(
  session: Session,
  topic: Topic,
  options: WorkloadOptions,
  until: Until,
): Promise<Intake> {
  await using threads = await GeneratorThreads.start(session.engine, topic.name, {
    count: options.count,
    ratePerS: options.rate,
    keys: options.keys,
    sizeBytes: options.size,
    threads: options.threads,
    seed: options.seed,
  });
  const stop = (): void => threads.stop();
  const { interrupted } = until;
  interrupted.addEventListener('abort', stop, { once: true });
  if (interrupted.aborted) stop();
  try {
    const startedMs = performance.now();
    const run = threads.run();
    const { records, valueBytes, latencies } = await unlessAborted(run, until.failed);
    return {
      records,
      valueBytes,
      latencies,
      skipped: 0,
      startedMs,
      tookMs: performance.now() - startedMs,
    };
  } finally {
    interrupted.removeEventListener('abort', stop);
  }
}

/** Appends the records of an NDJSON file or of standard input. */
export async function readIn(
  session: Session,
  topic: Topic,
  options: InputOptions & { readonly input: string },
  until: Until,
): Promise<Intake> {
  if (options.input === '-' && process.stdin.isTTY) {
    session.note('Reading records from the terminal, one a line; Ctrl-D ends.');
  }
  let told = 0;
  let valueBytes = 0;
  const input = new NdjsonInput({
    path: options.input,
    format: options.inputFormat,
    keyMember: options.key,
    timestampMember: options.timestamp,
    onError: options.onError,
    onSkip: problem => {
      if (told++ < PROBLEMS_TOLD) session.note(session.noteStyle('yellow', `skipped: ${problem}`));
    },
    signal: AbortSignal.any([until.interrupted, until.failed]),
  });
  const producer = topic.producer();
  const startedMs = performance.now();
  try {
    await input.each(record => {
      valueBytes += sizeOf(record.value);
      return producer.offer(record)
        ? undefined
        : unlessAborted(producer.send(record), until.failed);
    });
  } finally {
    // Also after a line that is wrong: what was taken before it goes on its way.
    await unlessAborted(producer.close(), until.failed);
  }
  const { records, skipped } = input.result;
  return { records, skipped, valueBytes, startedMs, tookMs: performance.now() - startedMs };
}

function sizeOf(value: string | Uint8Array | null | undefined): number {
  if (value === null || value === undefined) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

/** What `work` comes to, unless `signal` is aborted before that. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
