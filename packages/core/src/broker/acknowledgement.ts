import { aborted } from '../memory/abort.ts';
import type { Bell } from '../memory/bell.ts';
import { park, parkSync, type WaitingPlace } from '../memory/park.ts';
import { KERNEL } from '../shard/layout.ts';
import type { Shard } from '../shard/shard.ts';
import type { Acks } from './options.ts';

/** What of a topic an acknowledgement needs. */
export interface Acknowledging {
  readonly bell: Bell;
  readonly shards: readonly Shard[];
  readonly logPlaces: readonly WaitingPlace[];
  readonly options: { readonly durable: boolean; readonly acks: Acks };
  stopped(shard: Shard): Error;
}

/** Whether being in the log is all that a record's acknowledgement takes. */
export function acknowledgedAtOnce({ options }: Acknowledging): boolean {
  return !options.durable || options.acks === 'memory';
}

/**
 * Whether everything below these offsets, one for each shard, is acknowledged. Throws
 * `SHARD_STOPPED` where it never will be, `SHARD_POISONED`.
 */
export function isAcknowledged(topic: Acknowledging, ends: readonly number[]): boolean {
  if (acknowledgedAtOnce(topic)) return true;
  return topic.shards.every(shard => isLogged(topic, shard, ends[shard.number]));
}

/**
 * Whether a shard holds everything below an offset for good: on disk where its topic acknowledges that,
 * in its files where it acknowledges less, and where there are no files, at once. Throws as
 * `isAcknowledged`.
 */
export function isLogged(topic: Acknowledging, shard: Shard, end: number): boolean {
  const { durable, acks } = topic.options;
  if (!durable) return true;
  if (end <= shard.offsetOf(shard.logged(acks === 'disk' ? 'durable' : 'written'))) return true;
  shard.checkAlive();
  if (shard.state() === KERNEL.STATE_STOPPED) throw topic.stopped(shard);
  return false;
}

/** Resolves once everything below these offsets is acknowledged. Rejects with `ABORTED`. */
export async function acknowledgedTo(
  topic: Acknowledging,
  ends: readonly number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (isAcknowledged(topic, ends)) return;
  const ring = (): void => topic.bell.ring();
  signal?.addEventListener('abort', ring, { once: true });
  try {
    const isOver = () => signal?.aborted || isAcknowledged(topic, ends);
    await park(topic.bell, topic.logPlaces, isOver);
  } finally {
    signal?.removeEventListener('abort', ring);
  }
  if (signal?.aborted) throw aborted('Waiting for an acknowledgement', signal);
}

/** Blocks until everything below these offsets is acknowledged. */
export function acknowledgedToSync(topic: Acknowledging, ends: readonly number[]): void {
  const ready = () => isAcknowledged(topic, ends);
  parkSync(topic.bell, topic.logPlaces, ready, Number.POSITIVE_INFINITY);
}

interface Waiting<T> {
  readonly ends: readonly number[];
  readonly delivery: T;
}

/** Deliveries of one producer that are in the log and wait for their acknowledgement, oldest first. */
export class Acknowledgements<T extends { resolve: () => void; reject: (cause: unknown) => void }> {
  private readonly topic: Acknowledging;
  private waiting: Waiting<T>[] = [];
  private running: Promise<void> | undefined;
  private failed = false;

  constructor(topic: Acknowledging) {
    this.topic = topic;
  }

  /** Settles `delivery` once everything below `ends` is acknowledged. */
  await(ends: readonly number[], delivery: T): void {
    this.waiting.push({ ends: [...ends], delivery });
    this.running ??= this.run();
  }

  /** Resolves when nothing waits any more, whatever became of it. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  /** Tells all that wait that they will not be acknowledged. */
  giveUp(cause: unknown): void {
    this.failed = true;
    const { waiting } = this;
    this.waiting = [];
    for (const { delivery } of waiting) delivery.reject(cause);
  }

  private async run(): Promise<void> {
    const { topic } = this;
    try {
      while (this.waiting.length > 0) {
        const ready = () => this.failed || isAcknowledged(topic, this.waiting[0].ends);
        await park(topic.bell, topic.logPlaces, ready);
        this.settle();
      }
    } catch (cause) {
      const { waiting } = this;
      this.waiting = [];
      for (const { delivery } of waiting) delivery.reject(cause);
    } finally {
      this.running = undefined;
    }
  }

  private settle(): void {
    let done = 0;
    const { waiting } = this;
    while (done < waiting.length && isAcknowledged(this.topic, waiting[done].ends)) {
      waiting[done++].delivery.resolve();
    }
    this.waiting = waiting.slice(done);
  }
}
