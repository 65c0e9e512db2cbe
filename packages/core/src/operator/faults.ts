import { type ErrorCode, StreamError } from '../errors.ts';
import type { Window } from '../window/window.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Outlet } from './outlet.ts';
import { asRecordKey, asRecordValue } from './plain-text.ts';

type Outcome = { readonly failed: false; readonly value: unknown } | Failed;
interface Failed {
  readonly failed: true;
  readonly error: unknown;
}

/** Errors that lie in one record and not in the pipeline or its topics. */
const OF_ONE_RECORD: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_KEY',
  'INVALID_VALUE',
  'INVALID_HEADER',
  'INVALID_TIMESTAMP',
  'RECORD_TOO_LARGE',
  'SERDE_FAILED',
  'UNSUPPORTED_VALUE',
  'SHARD_OUT_OF_RANGE',
]);

/** A promise where none can be, and a state that is gone. */
const FATAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ASYNC_OPERATOR', 'STATE_FAILED']);

/** Longest error message that is written into a header, in UTF-16 units. */
const LONGEST_MESSAGE = 1_000;

/**
 * What a task does when user code throws: tries again in place, a few times, holding only this task;
 * then the record goes to the dead-letter output with the cause and where it came from.
 */
export class Faults {
  private readonly pipeline: string;
  private readonly topic: string;
  readonly retries: number;
  private readonly outlet: Outlet;
  private readonly counts: RecordCounts;

  constructor(
    pipeline: string,
    sourceTopic: string,
    retries: number,
    outlet: Outlet,
    counts: RecordCounts,
  ) {
    this.pipeline = pipeline;
    this.topic = sourceTopic;
    this.retries = retries;
    this.outlet = outlet;
    this.counts = counts;
  }

  /** Calls again what threw `error`, until it does not throw or the retries are used up. */
  retry(error: unknown, call: () => unknown): Outcome {
    let last = error;
    if (isFatal(error)) throw error;
    for (let attempt = 0; attempt < this.retries; attempt++) {
      try {
        return { failed: false, value: call() };
      } catch (again) {
        last = again;
      }
    }
    return { failed: true, error: last };
  }

  /**
   * Whether an error that came out of an append is a matter of the one record. An error of the
   * topic itself (closed, ended, poisoned) is not: it stops the pipeline.
   */
  isOfOneRecord(error: unknown): boolean {
    return !(error instanceof StreamError) || OF_ONE_RECORD.has(error.code);
  }

  /**
   * A record that user code refused for good. In the stage that reads the topic it is the record as
   * it was appended, with its headers; later it is the value in its latest form. `false`: it waits
   * for room.
   */
  deadLetter(step: string, error: unknown, value: unknown, context: ContextCell): boolean {
    const { record } = context;
    const headers = { ...record?.headers(), ...this.origin(step, error) };
    if (context.offset >= 0 && context.shard >= 0) {
      headers['origin.topic'] = context.topic ?? this.topic;
      headers['origin.shard'] = String(context.shard);
      headers['origin.offset'] = String(context.offset);
    }
    const body = record === undefined ? asRecordValue(value) : asRecordValue(record);
    const key = record === undefined ? context.key : record.keyBytes()?.slice();
    return this.append(key, body, context.timestamp, headers);
  }

  /** A pane whose result could not be made: its key, window and accumulator. */
  deadPane(
    step: string,
    error: unknown,
    pane: { readonly key: unknown; readonly window: Window; readonly accumulator: unknown },
    timestamp: number,
  ): boolean {
    const headers = this.origin(step, error);
    headers['window.start'] = String(pane.window.start);
    headers['window.end'] = String(pane.window.end);
    return this.append(pane.key, asRecordValue(pane), timestamp, headers);
  }

  /** A timer whose call failed: its key, its time, and the state of the key. */
  deadTimer(
    step: string,
    error: unknown,
    timer: { readonly kind: string; readonly timestamp: number },
    context: ContextCell,
    state: unknown,
  ): boolean {
    const headers = this.origin(step, error);
    headers['timer.kind'] = timer.kind;
    headers['timer.timestamp'] = String(timer.timestamp);
    const { key } = context;
    return this.append(key, asRecordValue({ key, timer, state }), timer.timestamp, headers);
  }

  /** Rows that could not be joined: their key and both of them, as far as there are. */
  deadPair(
    step: string,
    error: unknown,
    pair: { readonly key: unknown; readonly left: unknown; readonly right: unknown },
    timestamp: number,
  ): boolean {
    return this.append(pair.key, asRecordValue(pair), timestamp, this.origin(step, error));
  }

  resume(): boolean {
    return this.outlet.resume();
  }

  private origin(step: string, error: unknown): Record<string, string | Uint8Array> {
    const headers: Record<string, string> = {
      'error.pipeline': this.pipeline,
      'error.step': step,
      'error.message': messageOf(error).slice(0, LONGEST_MESSAGE),
    };
    if (error instanceof StreamError) headers['error.code'] = error.code;
    return headers;
  }

  private append(
    key: unknown,
    value: string | Uint8Array | null,
    timestamp: number,
    headers: Record<string, string | Uint8Array>,
  ): boolean {
    this.counts.deadLetters++;
    const at = Number.isSafeInteger(timestamp) ? timestamp : 0;
    try {
      return this.outlet.push(asRecordKey(key), value, at, headers);
    } catch (error) {
      if (!this.isOfOneRecord(error)) throw error;
      // Too large with its headers, or with headers that cannot be written again: its origin stays.
      headers['error.dropped'] = messageOf(error).slice(0, LONGEST_MESSAGE);
      return this.outlet.push(null, null, at, headers);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** No fault of a record: it stops the pipeline wherever it comes from. */
export function isFatal(error: unknown): boolean {
  return error instanceof StreamError && FATAL.has(error.code);
}
