import { type ChannelReader, FRAME } from '../channel/channel.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { ContextCell } from '../operator/context.ts';
import type { Faults } from '../operator/faults.ts';
import { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import { WatermarkCombiner } from '../time/combiner.ts';
import { Task, type TaskParts, type TaskStats } from './task.ts';

export interface ChannelTaskParts extends TaskParts {
  /** One per task of the stage before, in the order of those tasks. */
  readonly inputs: readonly ChannelReader[];
  /** The shards that they read, for the origin of dead letters; −1 for a stage in the middle. */
  readonly shards: readonly number[];
  /** Decodes values where they travel as whole records. */
  readonly serde: Serde<unknown> | undefined;
  readonly faults: Faults;
}

/** A later stage: takes from its channels in turn and combines their times. */
export class ChannelTask extends Task {
  private readonly inputs: readonly ChannelReader[];
  private readonly shards: readonly number[];
  private readonly serde: Serde<unknown> | undefined;
  private readonly faults: Faults;
  private readonly context = new ContextCell();
  private readonly combiner: WatermarkCombiner;
  private readonly positions: number[];
  private turn = 0;
  private open: number;
  private idle = false;
  /** Whether the last value is what suspends the task. */
  private inHand = false;
  /** The input whose current frame holds a value that waits until the time before it has passed. */
  private unpushed = -1;

  constructor(parts: ChannelTaskParts) {
    super(parts, parts.inputs.length);
    this.inputs = parts.inputs;
    this.shards = parts.shards;
    this.serde = parts.serde;
    this.faults = parts.faults;
    this.open = parts.inputs.length;
    this.combiner = new WatermarkCombiner(parts.inputs.length);
    this.positions = parts.inputs.map(({ read }) => read);
  }

  stats(): TaskStats {
    const holder = this.combiner.holder();
    return {
      ...this.baseStats(),
      lost: 0,
      idle: this.combiner.idle,
      heldBy: holder < 0 ? undefined : `task ${holder} of stage ${this.plan.stage - 1}`,
    };
  }

  protected take(budget: number): 'suspended' | 'progress' | 'nothing' {
    const { inputs } = this;
    const share = Math.max(1, Math.ceil(budget / inputs.length));
    let progress = false;
    for (let i = 0; i < inputs.length; i++) {
      const index = this.turn;
      this.turn = index + 1 === inputs.length ? 0 : index + 1;
      for (let taken = 0; taken < share; taken++) {
        const frame = inputs[index].next();
        if (frame === FRAME.none) break;
        progress = true;
        const done = frame === FRAME.data ? this.data(index) : this.control(index, frame);
        if (!done) return 'suspended';
      }
      inputs[index].free();
    }
    return progress ? 'progress' : 'nothing';
  }

  /** One accessor may serve every task of the thread: aims it at this task's record again. */
  protected reaim(): void {
    const { record } = this.context;
    if (record !== undefined && this.inHand) this.serde?.decode(record);
  }

  protected goOn(): boolean {
    if (this.unpushed < 0) return true;
    const index = this.unpushed;
    this.unpushed = -1;
    return this.push(index);
  }

  protected inputPositions(): readonly number[] {
    for (let i = 0; i < this.inputs.length; i++) this.positions[i] = this.inputs[i].read;
    return this.positions;
  }

  protected releaseInputs(positions: readonly number[]): void {
    for (let i = 0; i < this.inputs.length; i++) this.inputs[i].release(positions[i]);
  }

  protected inputPlaces(): WaitingPlace[] {
    return [...this.inputs];
  }

  protected closeInputs(): void {}

  private data(index: number): boolean {
    const input = this.inputs[index];
    if (this.combiner.advance(index, input.watermark) && !this.passTime(this.combiner.watermark)) {
      this.unpushed = index;
      return false;
    }
    return this.push(index);
  }

  private push(index: number): boolean {
    const input = this.inputs[index];
    const { context } = this;
    const { value } = input;
    context.timestamp = input.timestamp;
    context.shard = this.shards[index];
    context.offset = input.offset;
    context.record = undefined;
    context.key = input.key;
    if (this.serde !== undefined && value instanceof RecordView) {
      return this.pushDecoded(this.serde, value);
    }
    const done = this.head.push(value, context);
    this.inHand = !done;
    return done;
  }

  /** A value that travelled as a whole record, and is a view of it. */
  private pushDecoded(serde: Serde<unknown>, view: RecordView): boolean {
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
    const done = this.head.push(value, context);
    this.inHand = !done;
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
        return combiner.advance(index, this.inputs[index].watermark) ? this.tellTime() : true;
      case FRAME.idle:
        return combiner.markIdle(index) ? this.tellTime() : true;
      case FRAME.active:
        return combiner.markActive(index) ? this.tellTime() : true;
      case FRAME.end:
        this.open--;
        return this.open === 0 ? this.inputEnded() : true;
      default:
        return true;
    }
  }

  private tellTime(): boolean {
    const { combiner } = this;
    const done = this.passTime(combiner.watermark);
    if (combiner.idle !== this.idle) {
      this.idle = combiner.idle;
      this.exit.markIdle(combiner.idle);
    }
    return done;
  }
}
