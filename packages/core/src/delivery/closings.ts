import type { Clock } from '../time/clock.ts';
import { Wait } from '../time/wait.ts';
import type { AnyConnector } from './connector.ts';

/** How long the end of a call is waited for, and then that of its connection. */
const LONGEST_MS = 1_000;

/** Whether a call has come to its end. */
export interface Ending {
  readonly over: boolean;
}

/** What `open` gave. */
export interface Connection {
  readonly of: unknown;
}

interface Closing {
  readonly connection: Connection | undefined;
  /** The call that may still use it. */
  readonly call: Ending | undefined;
  wait: Wait;
  state: 'in use' | 'closing' | 'closed';
}

/**
 * Calls and connections that are no longer wanted. A connection is closed when the call that had it is
 * over, or has had a second for that.
 */
export class Closings {
  private readonly connector: AnyConnector;
  private readonly clock: Clock;
  private readonly wake: () => void;
  private closings: Closing[] = [];

  constructor(connector: AnyConnector, clock: Clock, wake: () => void) {
    this.connector = connector;
    this.clock = clock;
    this.wake = wake;
  }

  /** Whether any is not closed yet. */
  get pending(): boolean {
    return this.closings.length > 0;
  }

  /** When one has had its time; +∞ for none. */
  get dueAtMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.closings.map(({ wait }) => wait.endsAtMs));
  }

  add(connection: Connection | undefined, call?: Ending): void {
    const wait = new Wait(this.clock.now(), LONGEST_MS);
    const closing: Closing = { connection, call, wait, state: 'in use' };
    this.closings.push(closing);
    if (call === undefined || call.over) this.close(closing);
  }

  /** Goes on with them; `true` when any is done with. */
  step(): boolean {
    if (this.closings.length === 0) return false;
    const nowMs = this.clock.now();
    for (const closing of this.closings) {
      if (closing.state !== 'in use') continue;
      if (closing.call?.over === true || closing.wait.isOver(nowMs)) this.close(closing);
    }
    const { length } = this.closings;
    this.closings = this.closings.filter(
      ({ state, wait }) => state !== 'closed' && !wait.isOver(nowMs),
    );
    return this.closings.length < length;
  }

  private close(closing: Closing): void {
    closing.state = 'closing';
    closing.wait = new Wait(this.clock.now(), LONGEST_MS);
    void this.call(closing).finally(() => {
      closing.state = 'closed';
      this.wake();
    });
  }

  private async call({ connection }: Closing): Promise<void> {
    try {
      if (connection !== undefined) await this.connector.close?.(connection.of);
    } catch {
      // It is gone either way, and what was written over it has been confirmed or is written again.
    }
  }
}
