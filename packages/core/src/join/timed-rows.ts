/**
 * The rows of one key on one side of a join, sorted by time; of equal times the one that came first
 * stands first. Rows arrive nearly in order and leave from the front, so the arrays are used as a
 * queue: everything before `head` is gone, and is cut off when it is half of them.
 */
export class TimedRows {
  /** Index of the first row. */
  head = 0;
  times: number[] = [];
  values: unknown[] = [];
  /** A number for each row, 0 at first: whether it has had a partner, or which firing it took part in. */
  marks: number[] | undefined;

  constructor(marked: boolean) {
    this.marks = marked ? [] : undefined;
  }

  /** One past the last row's index. */
  get end(): number {
    return this.times.length;
  }

  get size(): number {
    return this.times.length - this.head;
  }

  /** The time of the first row, +∞ when there is none. */
  get first(): number {
    return this.head < this.times.length ? this.times[this.head] : Number.POSITIVE_INFINITY;
  }

  /** Returns the row's index, which holds until rows come or go. */
  insert(time: number, value: unknown, mark = 0): number {
    const { times, values, marks } = this;
    const end = times.length;
    if (end === 0) return this.begin(time, value, mark);
    if (end === this.head || times[end - 1] <= time) {
      times.push(time);
      values.push(value);
      marks?.push(mark);
      return end;
    }
    const at = this.after(time);
    times.splice(at, 0, time);
    values.splice(at, 0, value);
    marks?.splice(at, 0, mark);
    return at;
  }

  /** The first row: most keys of many have one, and arrays made of it have room for no more. */
  private begin(time: number, value: unknown, mark: number): number {
    this.times = [time];
    this.values = [value];
    if (this.marks !== undefined) this.marks = [mark];
    return 0;
  }

  /** The first index whose time is ≥ `time`. */
  from(time: number): number {
    const { times } = this;
    let low = this.head;
    let high = times.length;
    // The newest rows are asked for most.
    if (low < high && times[high - 1] < time) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first index whose time is > `time`. */
  after(time: number): number {
    const { times } = this;
    let low = this.head;
    let high = times.length;
    if (low < high && times[high - 1] <= time) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All rows before index `end` go. */
  dropTo(end: number): void {
    const { times, values } = this;
    if (end === times.length) {
      this.clear();
      return;
    }
    if (2 * end > times.length) {
      times.splice(0, end);
      values.splice(0, end);
      this.marks?.splice(0, end);
      this.head = 0;
      return;
    }
    for (let i = this.head; i < end; i++) values[i] = undefined;
    this.head = end;
  }

  clear(): void {
    this.head = 0;
    this.times.length = 0;
    this.values.length = 0;
    if (this.marks !== undefined) this.marks.length = 0;
  }

  /** As plain data, for a snapshot. */
  plain(): PlainRows {
    const { head, marks } = this;
    const { times, values } = this;
    return [times.slice(head), values.slice(head), marks === undefined ? null : marks.slice(head)];
  }

  /** Takes in the rows of a snapshot, or of another session. */
  addAll([times, values, marks]: PlainRows): void {
    for (let i = 0; i < times.length; i++) this.insert(times[i], values[i], marks?.[i] ?? 0);
  }
}

export type PlainRows = readonly [
  times: readonly number[],
  values: readonly unknown[],
  marks: readonly number[] | null,
];

/** The rows of a side that has had none yet: many keys have rows on one side only. */
export const NO_ROWS: TimedRows = new TimedRows(false);
