import { StreamError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { Wait } from '../time/wait.ts';
import { Closings, type Connection, type Ending } from './closings.ts';
import type { AnyConnector, CallContext, CallLimits, Delivered } from './connector.ts';
import type { DeliveryToken } from './token.ts';

export interface CourierParts {
  readonly pipeline: string;
  readonly sink: string;
  readonly task: number;
  readonly connector: AnyConnector;
  readonly limits: CallLimits;
  readonly clock: Clock;
  /** Wakes the thread: a call is over. */
  readonly wake: () => void;
}

/** A batch that is to be written. */
export interface Parcel {
  readonly token: DeliveryToken;
  /** Made anew for each call: what one call did to them is its own affair. */
  results(): readonly Delivered<unknown>[];
}

type Outcome =
  | { readonly failed: false; readonly value: unknown }
  | { readonly failed: true; readonly error: unknown };

/** A call that was made, and in the end what came of it. */
class Call implements CallContext, Ending {
  readonly pipeline: string;
  readonly sink: string;
  readonly task: number;
  readonly attempt: number;
  readonly kind: 'open' | 'write';
  /** Longer than that it may not take. */
  readonly wait: Wait;
  /** What it counts as: its own end, unless it was given up before. */
  outcome: Outcome | undefined;
  over = false;
  private readonly controller = new AbortController();

  constructor(parts: CourierParts, kind: Call['kind'], attempt: number, nowMs: number) {
    this.pipeline = parts.pipeline;
    this.sink = parts.sink;
    this.task = parts.task;
    this.kind = kind;
    this.attempt = attempt;
    this.wait = new Wait(nowMs, parts.limits.timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  giveUp(error: StreamError): void {
    this.outcome ??= { failed: true, error };
    this.controller.abort(error);
  }
}

/**
 * Brings one batch after another to a system outside: connects, writes, and does again what has failed,
 * later each time and over a new connection. One call at a time. It never waits: whoever has it calls
 * `bring` until the batch is written, and lets the event loop run while it is `busy`.
 */
export class Courier {
  /** Calls that have failed: in all, and since a batch was written. */
  failures = 0;
  failuresInARow = 0;
  private readonly parts: CourierParts;
  private readonly closings: Closings;
  private connection: Connection | undefined;
  private call: Call | undefined;
  private failure: unknown;
  /** What has to pass before the next call. */
  private backoff: Wait | undefined;

  constructor(parts: CourierParts) {
    this.parts = parts;
    this.closings = new Closings(parts.connector, parts.clock, parts.wake);
  }

  /** Whether something is under way that needs the event loop. */
  get busy(): boolean {
    return this.call !== undefined || this.closings.pending;
  }

  /** What the last call failed with, if the batch has not been written since. */
  get lastError(): string | undefined {
    return this.failuresInARow === 0 ? undefined : messageOf(this.failure);
  }

  /** When the clock will have something to do. `hasParcel`: whether there is a batch to bring. */
  dueAtMs(hasParcel: boolean): number {
    const { call, backoff, closings } = this;
    if (call !== undefined) {
      return call.outcome === undefined ? call.wait.endsAtMs : Number.NEGATIVE_INFINITY;
    }
    if (!hasParcel || closings.pending) return closings.dueAtMs;
    return backoff?.endsAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * Goes on with a batch, the same one until it is `written`. `nothing`: there was nothing to do yet.
   * Throws `SINK_FAILED` when calls have failed more often than they may.
   */
  bring(parcel: Parcel): 'written' | 'progress' | 'nothing' {
    const nowMs = this.parts.clock.now();
    let { call } = this;
    if (call === undefined) {
      if (this.backoff?.isOver(nowMs) === false || this.closings.pending) return 'nothing';
      this.backoff = undefined;
      call = this.begin(parcel, nowMs);
      if (call.outcome === undefined) return 'progress';
    }
    if (call.outcome === undefined && call.wait.isOver(nowMs)) this.expire(call);
    const { outcome } = call;
    if (outcome === undefined) return 'nothing';
    this.call = undefined;
    if (outcome.failed) {
      this.fail(call, outcome.error, parcel, nowMs);
      return 'progress';
    }
    if (call.kind === 'open') {
      this.connection = { of: outcome.value };
      return 'progress';
    }
    this.failuresInARow = 0;
    this.failure = undefined;
    return 'written';
  }

  /** Goes on with connections that are to be closed; `true` when one is. */
  close(): boolean {
    return this.closings.step();
  }

  /** The batch, if there is one, is for somebody else from now on. */
  abandon(): void {
    const { call } = this;
    this.call = undefined;
    call?.giveUp(new StreamError('ABORTED', 'The pipeline was stopped.'));
    if (call?.kind === 'open' && call.outcome?.failed === false) {
      this.connection = { of: call.outcome.value };
    }
    this.disconnect(call);
  }

  private begin(parcel: Parcel, nowMs: number): Call {
    const { parts, connection } = this;
    const { connector } = parts;
    const kind = connection === undefined && connector.open !== undefined ? 'open' : 'write';
    const call = new Call(parts, kind, this.failuresInARow + 1, nowMs);
    this.call = call;
    let returned: unknown;
    try {
      returned = kind === 'open' ? connector.open?.(call) : this.write(parcel, call);
    } catch (error) {
      this.settle(call, { failed: true, error });
      return call;
    }
    if (!isThenable(returned)) this.settle(call, { failed: false, value: returned });
    else {
      Promise.resolve(returned)
        .then(
          value => this.settle(call, { failed: false, value }),
          error => this.settle(call, { failed: true, error }),
        )
        .finally(parts.wake);
    }
    return call;
  }

  private write(parcel: Parcel, call: Call): unknown {
    const { pipeline, sink, task, signal, attempt } = call;
    const connection = this.connection?.of;
    return this.parts.connector.write(parcel.results(), {
      pipeline,
      sink,
      task,
      signal,
      attempt,
      connection,
      token: parcel.token,
    });
  }

  private settle(call: Call, outcome: Outcome): void {
    call.over = true;
    if (call.outcome === undefined) call.outcome = outcome;
    // Nobody waits any more for a connection that took too long.
    else if (call.kind === 'open' && !outcome.failed) this.closings.add({ of: outcome.value });
  }

  private expire(call: Call): void {
    const { sink, limits } = this.parts;
    const what = call.kind === 'open' ? 'Connecting' : 'Writing a batch';
    call.giveUp(
      new StreamError(
        'ASYNC_TIMEOUT',
        `${what} for the sink "${sink}" took longer than ${limits.timeoutMs} ms.`,
      ),
    );
  }

  private fail(call: Call, error: unknown, { token }: Parcel, nowMs: number): void {
    const { pipeline, sink, limits } = this.parts;
    this.failures++;
    this.failuresInARow++;
    this.failure = error;
    if (this.failuresInARow > limits.retries) {
      throw new StreamError(
        'SINK_FAILED',
        `The sink "${sink}" of the pipeline "${pipeline}" has not taken the batch ${token} in ` +
          `${this.failuresInARow} calls; the last one failed with: ${messageOf(error)}`,
        { cause: error },
      );
    }
    const factor = 2 ** (this.failuresInARow - 1);
    this.backoff = new Wait(nowMs, Math.min(limits.backoffMs * factor, limits.maxBackoffMs));
    // What became of it is unknown: a transaction may be open, or an answer on its way.
    this.disconnect(call);
  }

  private disconnect(call: Call | undefined): void {
    const { connection } = this;
    this.connection = undefined;
    const isUnderWay = call !== undefined && !call.over;
    if (connection !== undefined || isUnderWay) this.closings.add(connection, call);
  }
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
