/** What an input's watermark is worth just now. */
const ABSENT = 0;
/** It counts. */
const ALIGNED = 1;
/** It woke from idleness and does not count until it has caught up with the combined watermark. */
const CATCHING_UP = 2;
const IDLE = 3;

export interface CombinerState {
  readonly watermark: number;
  readonly idle: boolean;
  readonly marks: readonly number[];
  readonly states: readonly number[];
}

/**
 * One watermark out of several: the minimum over the inputs that count.
 *
 * An idle input does not count, and neither does one that woke, until it has caught up. When all
 * inputs are idle the largest watermark among them is flushed if the last one held it back, then the
 * output is idle. The output never goes back. (Flink's rules, tested by its published cases.)
 *
 * Every change returns whether `watermark` or `idle` changed; a caller passes on the watermark first.
 */
export class WatermarkCombiner {
  watermark: number = Number.NEGATIVE_INFINITY;
  /** Whether every input is idle. */
  idle = false;

  private readonly marks: number[] = [];
  private readonly states: number[] = [];
  /** Inputs that are not absent, and those of them that are not idle. */
  private present = 0;
  private active = 0;

  constructor(inputs = 0) {
    for (let i = 0; i < inputs; i++) this.add();
  }

  /** A new input that counts at once: it holds the output where it is until it has passed it. */
  add(): number {
    let input = this.states.indexOf(ABSENT);
    if (input < 0) input = this.states.length;
    this.marks[input] = Number.NEGATIVE_INFINITY;
    this.states[input] = ALIGNED;
    this.present++;
    this.active++;
    // The output was idle because all inputs were; this one is not.
    this.idle = false;
    return input;
  }

  /** Takes an input away; its number may be given to a later one. */
  remove(input: number): boolean {
    const was = this.states[input];
    if (was === ABSENT) return false;
    this.states[input] = ABSENT;
    this.present--;
    if (was === IDLE) return false;
    this.active--;
    return this.settle();
  }

  /** The watermark of an input; `true` when the combined one rose. */
  advance(input: number, watermark: number): boolean {
    const before = this.marks[input];
    const state = this.states[input];
    if (watermark <= before || state === IDLE || state === ABSENT) return false;
    this.marks[input] = watermark;
    if (state === CATCHING_UP) {
      if (watermark < this.watermark) return false;
      this.states[input] = ALIGNED;
    } else if (before > this.watermark) {
      return false; // somebody else holds the output
    }
    return this.raiseToMinimum();
  }

  /** An input says that it has nothing to say. */
  markIdle(input: number): boolean {
    const state = this.states[input];
    if (state === IDLE || state === ABSENT) return false;
    this.states[input] = IDLE;
    this.active--;
    if (this.active === 0) {
      if (this.marks[input] === this.watermark) this.raiseToMaximum();
      this.idle = true;
      return true;
    }
    return this.raiseToMinimum();
  }

  /** An idle input speaks again; `true` when the output stops being idle. */
  markActive(input: number): boolean {
    if (this.states[input] !== IDLE) return false;
    this.states[input] = this.marks[input] >= this.watermark ? ALIGNED : CATCHING_UP;
    this.active++;
    const woke = this.idle;
    this.idle = false;
    return woke;
  }

  /** All that it knows, as plain data. */
  snapshot(): CombinerState {
    const { watermark, idle, marks, states } = this;
    return { watermark, idle, marks: [...marks], states: [...states] };
  }

  /** Takes back what `snapshot` of another one gave. */
  restore({ watermark, idle, marks, states }: CombinerState): void {
    this.watermark = watermark;
    this.idle = idle;
    this.marks.splice(0, this.marks.length, ...marks);
    this.states.splice(0, this.states.length, ...states);
    this.present = states.filter(state => state !== ABSENT).length;
    this.active = states.filter(state => state !== ABSENT && state !== IDLE).length;
  }

  /** The watermark of one input. */
  markOf(input: number): number {
    return this.marks[input];
  }

  /** Of the inputs that count the one that is furthest behind, or −1 when none counts. */
  slowest(): number {
    let slowest = -1;
    for (let i = 0; i < this.states.length; i++) {
      if (this.states[i] !== ALIGNED) continue;
      if (slowest < 0 || this.marks[i] < this.marks[slowest]) slowest = i;
    }
    return slowest;
  }

  /** The watermark of the input that is furthest ahead of those that count. */
  furthest(): number {
    const counted = this.marks.filter((_, i) => this.states[i] === ALIGNED);
    return Math.max(Number.NEGATIVE_INFINITY, ...counted);
  }

  /** The input that holds back others that are further on, or −1 when none does. */
  holder(): number {
    const slowest = this.slowest();
    return slowest >= 0 && this.furthest() > this.marks[slowest] ? slowest : -1;
  }

  /** After an input left: the rest may be further on, or all idle. */
  private settle(): boolean {
    if (this.present === 0) return false;
    if (this.active > 0) return this.raiseToMinimum();
    this.raiseToMaximum();
    this.idle = true;
    return true;
  }

  private raiseToMinimum(): boolean {
    let least = Number.POSITIVE_INFINITY;
    let counted = 0;
    for (let i = 0; i < this.states.length; i++) {
      if (this.states[i] !== ALIGNED) continue;
      counted++;
      if (this.marks[i] < least) least = this.marks[i];
    }
    if (counted === 0 || least <= this.watermark) return false;
    this.watermark = least;
    return true;
  }

  private raiseToMaximum(): void {
    for (let i = 0; i < this.states.length; i++) {
      if (this.states[i] !== ABSENT && this.marks[i] > this.watermark)
        this.watermark = this.marks[i];
    }
  }
}
