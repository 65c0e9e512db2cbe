import { type ChannelReader, FRAME, type FrameTaker } from '../channel/channel.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { ContextCell } from '../operator/context.ts';
import type { Faults } from '../operator/faults.ts';
import type { Operator } from '../operator/operator.ts';
import { SIDE, type Side } from '../operator/two-input-head.ts';
import { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import { WatermarkCombiner } from '../time/combiner.ts';
import { Alignment } from './alignment.ts';
import { Task } from './task.ts';
import type { TaskParts } from './task-parts.ts';
import type { TaskStats } from './task-stats.ts';

/** One task before this one, and what it sends. */
export interface ChannelInput {
  readonly reader: ChannelReader;
  /** Which input of a two-input step it belongs to. */
  readonly side: Side;
  /** Where the offsets of its values are from; '' and −1 for a task in the middle. */
  readonly topic: string;
  readonly shard: number;
  /** Decodes its values where they travel as whole records. */
  readonly serde: Serde<unknown> | undefined;
  /** The task that sends, and what statistics call it. */
  readonly task: number;
  readonly from: string;
}

export interface ChannelTaskParts extends TaskParts {
  readonly inputs: readonly ChannelInput[];
  /** Whether nothing of the left is read before the right has ended. */
  readonly rightFirst: boolean;
  readonly faults: Faults;
}

/** A later stage: takes from its channels in turn and combines their times. */
export class ChannelTask extends Task implements FrameTaker {
  private readonly inputs: readonly ChannelInput[];
  /** Of each input its reader, and the operator that takes its values. */
  private readonly readers: readonly ChannelReader[];
  private readonly heads: readonly Operator[];
  private readonly faults: Faults;
  private readonly context = new ContextCell();
  private readonly combiner: WatermarkCombiner;
  private readonly alignment: Alignment;
  private readonly positions: number[];
  private turn = 0;
  private open: number;
  /** Inputs of each side that have not ended. */
  private readonly openOfSide: [left: number, right: number];
  /** Whether the left waits for the end of the right. */
  private holdsLeft: boolean;
  private idle = false;
  /** Whether the last value is what suspends the task, and how it was decoded. */
  private inHand = false;
  private inHandSerde: Serde<unknown> | undefined;
  /** The input whose current frame holds a value that waits until the time before it has passed. */
  private unpushed = -1;
  /** Whether the end of a side suspends the task, and more may follow from it. */
  private endingSide = false;

  constructor(parts: ChannelTaskParts) {
    super(parts, parts.inputs.length);
    const { inputs } = parts;
    this.inputs = inputs;
    this.readers = inputs.map(({ reader }) => reader);
    this.heads = inputs.map(({ side }) => parts.chain.twoInputs?.sides[side] ?? this.head);
    this.faults = parts.faults;
    this.open = inputs.length;
    const right = inputs.filter(({ side }) => side === SIDE.right).length;
    this.openOfSide = [inputs.length - right, right];
    this.holdsLeft = parts.rightFirst;
    this.combiner = new WatermarkCombiner(inputs.length);
    this.alignment = new Alignment(inputs.length);
    this.positions = this.readers.map(({ read }) => read);
    for (const [index, reader] of this.readers.entries()) reader.giveTo?.(this, index);
  }

  stats(): TaskStats {
    const { combiner } = this;
    const holder = combiner.holder();
    const slowest = combiner.slowest();
    return {
      ...this.baseStats(),
      slowest:
        slowest < 0
          ? undefined
          : {
              input: this.inputs[slowest].task,
              watermark: combiner.markOf(slowest),
              furthest: combiner.furthest(),
            },
      lost: 0,
      idle: this.combiner.idle,
      heldBy: holder < 0 ? undefined : this.inputs[holder].from,
    };
  }

  protected take(budget: number): 'suspended' | 'progress' | 'nothing' {
    const { readers } = this;
    const share = Math.max(1, Math.ceil(budget / readers.length));
    let progress = false;
    for (let i = 0; i < readers.length; i++) {
      const index = this.turn;
      this.turn = index + 1 === readers.length ? 0 : index + 1;
      if (this.holds(index)) continue;
      for (let taken = 0; taken < share; taken++) {
        const frame = readers[index].next();
        if (frame === FRAME.none) break;
        progress = true;
        this.work.took(index, frame === FRAME.data ? readers[index].offset : -1);
        const done = frame === FRAME.data ? this.data(index) : this.control(index, frame);
        if (!done) return 'suspended';
        if (frame >= FRAME.end && (this.atBarrier || this.alignment.holds(index))) break;
      }
      readers[index].free();
      if (this.atBarrier) return 'progress';
    }
    return progress ? 'progress' : 'nothing';
  }

  wants(input: number): boolean {
    return this.takesInput && !this.holds(input);
  }

  /** In the step of the task that sends it; what comes of it is settled in this task's own. */
  given(input: number): void {
    const { work } = this;
    work.enter(input, this.readers[input].offset);
    try {
      this.took(this.data(input));
    } catch (error) {
      this.fail(error);
    }
    work.leave();
  }

  private holds(input: number): boolean {
    return (this.holdsLeft && this.inputs[input].side === SIDE.left) || this.alignment.holds(input);
  }

  /** One accessor may serve every task of the thread: aims it at this task's record again. */
  protected reaim(): void {
    const { record } = this.context;
    if (record !== undefined && this.inHand) this.inHandSerde?.decode(record);
  }

  protected goOn(): boolean {
    if (this.endingSide) return this.sideEnded();
    if (this.unpushed < 0) return true;
    const index = this.unpushed;
    this.unpushed = -1;
    return this.push(index);
  }

  protected inputPositions(): readonly number[] {
    for (let i = 0; i < this.readers.length; i++) this.positions[i] = this.readers[i].read;
    return this.positions;
  }

  protected releaseInputs(positions: readonly number[]): void {
    for (let i = 0; i < this.readers.length; i++) this.readers[i].release(positions[i]);
  }

  protected inputPlaces(): WaitingPlace[] {
    return this.readers.filter((_, i) => !this.holds(i));
  }

  protected closeInputs(): void {}

  /** What each input has told is told again by those before: only what came of it is kept. */
  protected snapshotInputs(): unknown {
    return this.combiner.watermark;
  }

  protected restoreInputs(states: readonly unknown[]): void {
    this.combiner.watermark = Math.min(...(states as number[]));
  }

  protected sourcePosition(): undefined {
    return undefined;
  }

  private data(index: number): boolean {
    const reader = this.readers[index];
    if (this.advance(index, reader.watermark) && !this.passTime(this.combiner.watermark)) {
      this.unpushed = index;
      return false;
    }
    return this.push(index);
  }

  /**
   * An input at the end of time no longer counts. Else it would take along those that are idle, and
   * make all late that they still bring.
   */
  private advance(index: number, watermark: number): boolean {
    const { combiner } = this;
    if (watermark === Number.POSITIVE_INFINITY) return combiner.remove(index);
    return combiner.advance(index, watermark);
  }

  private push(index: number): boolean {
    const reader = this.readers[index];
    const { context } = this;
    const { topic, shard, serde } = this.inputs[index];
    const { value } = reader;
    context.timestamp = reader.timestamp;
    context.topic = topic;
    context.shard = shard;
    context.offset = reader.offset;
    context.record = undefined;
    context.key = reader.key;
    if (serde !== undefined && value instanceof RecordView) {
      return this.pushDecoded(index, serde, value);
    }
    const done = this.heads[index].push(value, context);
    this.inHand = false;
    return done;
  }

  /** A value that travelled as a whole record, and is a view of it. */
  private pushDecoded(index: number, serde: Serde<unknown>, view: RecordView): boolean {
    const { context } = this;
    context.record = view;
    let value: unknown;
    try {
      value = serde.decode(view);
    } catch (error) {
      const outcome = this.decodeAgain(error, serde, view);
      if (outcome.failed) return this.faults.deadLetter(serde.name, outcome.error, view, context);
      value = outcome.value;
    }
    const done = this.heads[index].push(value, context);
    this.inHand = !done;
    this.inHandSerde = serde;
    return done;
  }

  private decodeAgain(
    error: unknown,
    serde: Serde<unknown>,
    view: RecordView,
  ): ReturnType<Faults['retry']> {
    return this.faults.retry(error, () => serde.decode(view));
  }

  private control(index: number, frame: number): boolean {
    const { combiner } = this;
    switch (frame) {
      case FRAME.watermark:
        return this.advance(index, this.readers[index].watermark) ? this.tellTime() : true;
      case FRAME.idle:
        return combiner.markIdle(index) ? this.tellTime() : true;
      case FRAME.active:
        return combiner.markActive(index) ? this.tellTime() : true;
      case FRAME.end:
        this.reach(this.alignment.end(index));
        return this.ended(this.inputs[index].side);
      case FRAME.barrier:
        this.reach(this.alignment.barrier(index, this.readers[index].watermark));
        return true;
      default:
        return true;
    }
  }

  private reach(epoch: number): void {
    if (epoch > 0) this.reachBarrier(epoch);
  }

  private ended(side: Side): boolean {
    this.open--;
    this.openOfSide[side]--;
    const { twoInputs } = this.chain;
    if (twoInputs !== undefined && this.openOfSide[side] === 0) {
      if (side === SIDE.right) this.holdsLeft = false;
      if (!twoInputs.endSide(side)) {
        this.endingSide = true;
        return false;
      }
    }
    return this.sideEnded();
  }

  private sideEnded(): boolean {
    this.endingSide = false;
    return this.open > 0 || this.inputEnded();
  }

  private tellTime(): boolean {
    const { combiner } = this;
    const done = this.passTime(combiner.watermark);
    if (combiner.idle !== this.idle) {
      this.idle = combiner.idle;
      this.tellIdle(combiner.idle);
    }
    return done;
  }
}
