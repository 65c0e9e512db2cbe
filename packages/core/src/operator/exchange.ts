import { type ChannelWriter, FRAME } from '../channel/channel.ts';
import { StreamError } from '../errors.ts';
import { described } from '../record/limits.ts';
import { KEY_GROUPS, keyHash, taskOfKeyGroup } from '../state/key-groups.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Operator } from './operator.ts';

type KeyFunction = (value: unknown, context: ContextCell) => unknown;

/** Where an exchange sends a value that has no key function to choose its task by. */
export interface ToOneTask {
  /** Whether the value's key goes with it. */
  readonly keepsKey: boolean;
}

/**
 * The end of a stage: sends each value to the task that has its key's group, or all to one task when
 * there is no key function. Values carry the time before them; a channel without values is told the
 * time, idleness and the end by `settle`, once per step and not per record.
 */
export class ExchangeOperator implements Operator {
  readonly channels: readonly ChannelWriter[];
  private readonly step: string;
  private readonly keyOf: KeyFunction | undefined;
  private readonly keepsKey: boolean;
  private readonly wholeRecords: boolean;
  private readonly faults: Faults;
  private readonly taskOfGroup: Uint8Array;
  /** Whether there is a choice of tasks, or a channel that wants the hash. */
  private readonly needsHash: boolean;

  private now = Number.NEGATIVE_INFINITY;
  private idle = false;
  private ended = false;
  /** What each channel has been told. */
  private readonly toldTime: number[];
  private readonly toldIdle: boolean[];
  private readonly toldEnd: boolean[];
  /** The last epoch whose barrier is to be sent, and of each channel the last that was. */
  private epoch = 0;
  private readonly toldEpoch: number[];

  /** The value that found no room. */
  private waiting = false;
  private key: unknown;
  private hash = 0;
  private value: unknown;
  private context!: ContextCell;

  /** `wholeRecords`: values are views of the context's record, which is sent in their stead. */
  constructor(
    step: string,
    keyOf: KeyFunction | ToOneTask,
    channels: readonly ChannelWriter[],
    wholeRecords: boolean,
    faults: Faults,
  ) {
    this.step = step;
    this.keyOf = typeof keyOf === 'function' ? keyOf : undefined;
    this.keepsKey = typeof keyOf !== 'function' && keyOf.keepsKey;
    this.channels = channels;
    this.wholeRecords = wholeRecords;
    this.faults = faults;
    this.taskOfGroup = Uint8Array.from({ length: KEY_GROUPS }, (_, group) =>
      taskOfKeyGroup(group, channels.length),
    );
    this.needsHash = channels.length > 1 || channels.some(({ usesHash }) => usesHash);
    this.toldTime = channels.map(() => Number.NEGATIVE_INFINITY);
    this.toldIdle = channels.map(() => false);
    this.toldEnd = channels.map(() => false);
    this.toldEpoch = channels.map(() => 0);
  }

  push(value: unknown, context: ContextCell): boolean {
    if (this.keyOf === undefined) return this.sendToOne(value, context);
    let key: unknown;
    try {
      key = this.keyOf(value, context);
    } catch (error) {
      return this.recover(error, value, context);
    }
    return this.sendKeyed(key, value, context);
  }

  private sendToOne(value: unknown, context: ContextCell): boolean {
    const key = this.keepsKey ? context.key : undefined;
    return this.send(key, this.needsHash ? keyHash(key) : 0, value, context);
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    const outcome = this.faults.retry(error, () => (this.keyOf as KeyFunction)(value, context));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    return this.sendKeyed(outcome.value, value, context);
  }

  private sendKeyed(key: unknown, value: unknown, context: ContextCell): boolean {
    if (typeof key !== 'string' && (typeof key !== 'number' || Number.isNaN(key))) {
      if (key instanceof Promise) refusePromise(this.step, key);
      const error = new StreamError(
        'INVALID_KEY',
        `Step "${this.step}" gave ${described(key)} as a key; it must be text or a number.`,
      );
      return this.faults.deadLetter(this.step, error, value, context);
    }
    return this.send(key, this.needsHash ? keyHash(key) : 0, value, context);
  }

  /** Only noted: the next value carries it, or `settle` tells it. */
  watermark(watermark: number): boolean {
    this.now = watermark;
    return true;
  }

  /** All inputs of this task are idle, or no longer. */
  markIdle(idle: boolean): void {
    this.idle = idle;
  }

  /** What was sent so far belongs to this epoch or to one before; `settle` tells every channel. */
  barrier(epoch: number): void {
    this.epoch = epoch;
  }

  /** The time that values carry now. */
  get time(): number {
    return this.now;
  }

  end(): boolean {
    this.ended = true;
    return this.settle();
  }

  resume(): boolean {
    if (this.waiting) {
      if (!this.deliver()) return false;
      this.waiting = false;
      this.value = this.key = undefined;
    }
    return this.ended ? this.settle() : true;
  }

  /** Tells every channel what it does not know yet and shows the readers all. `false`: no room. */
  settle(): boolean {
    let all = true;
    for (let i = 0; i < this.channels.length; i++) {
      if (!this.waiting && !this.tell(i)) all = false;
      this.channels[i].flush();
    }
    return all && !this.waiting;
  }

  snapshot(): void {}

  restore(): void {}

  private send(key: unknown, hash: number, value: unknown, context: ContextCell): boolean {
    this.key = key;
    this.hash = hash;
    this.value = this.wholeRecords ? context.record : value;
    this.context = context;
    try {
      this.waiting = !this.deliver();
    } catch (error) {
      if (!this.faults.isOfOneRecord(error)) throw error;
      return this.faults.deadLetter(this.step, error, value, context);
    }
    return !this.waiting;
  }

  /** Sends the value on; `false`: it waits for room. */
  protected deliver(): boolean {
    return this.deliverTo(
      this.keyOf === undefined ? 0 : this.taskOfGroup[this.hash & (KEY_GROUPS - 1)],
    );
  }

  protected deliverTo(task: number): boolean {
    const { context, now } = this;
    const channel = this.channels[task];
    if (this.toldIdle[task]) {
      if (!channel.control(FRAME.active, 0)) return false;
      this.toldIdle[task] = false;
    }
    if (!channel.send(this.key, this.hash, this.value, context.timestamp, context.offset, now)) {
      return false;
    }
    this.toldTime[task] = now;
    return true;
  }

  private tell(i: number): boolean {
    const channel = this.channels[i];
    if (this.toldIdle[i] && (!this.idle || this.now > this.toldTime[i])) {
      if (!channel.control(FRAME.active, 0)) return false;
      this.toldIdle[i] = false;
    }
    if (this.now > this.toldTime[i]) {
      if (!channel.control(FRAME.watermark, this.now)) return false;
      this.toldTime[i] = this.now;
    }
    if (this.idle && !this.toldIdle[i]) {
      if (!channel.control(FRAME.idle, 0)) return false;
      this.toldIdle[i] = true;
    }
    if (this.epoch > this.toldEpoch[i]) {
      if (!channel.control(FRAME.barrier, this.epoch)) return false;
      this.toldEpoch[i] = this.epoch;
    }
    if (this.ended && !this.toldEnd[i]) {
      if (!channel.control(FRAME.end, 0)) return false;
      this.toldEnd[i] = true;
    }
    return true;
  }
}

/** Sends each value to every task; the copies beyond the first count as `expanded`. */
export class BroadcastExchange extends ExchangeOperator {
  private readonly counts: RecordCounts;
  /** The next task that the value in hand goes to. */
  private at = 0;

  constructor(
    step: string,
    channels: readonly ChannelWriter[],
    wholeRecords: boolean,
    faults: Faults,
    counts: RecordCounts,
  ) {
    super(step, { keepsKey: true }, channels, wholeRecords, faults);
    this.counts = counts;
  }

  protected override deliver(): boolean {
    try {
      for (; this.at < this.channels.length; this.at++) if (!this.deliverTo(this.at)) return false;
    } catch (error) {
      // One dead letter beside what some tasks have got.
      this.counts.expanded += this.at;
      this.at = 0;
      throw error;
    }
    this.counts.expanded += this.at - 1;
    this.at = 0;
    return true;
  }
}
