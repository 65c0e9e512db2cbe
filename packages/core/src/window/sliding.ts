/**
 * Assigns timestamps to windows of `size` that start every `slide`, at `offset` and its multiples.
 * Tumbling windows are those whose slide is their size.
 *
 * The windows of a timestamp are those of every other timestamp in its span: the time between two
 * neighbouring edges (starts or ends). Whoever keeps the last answer need not ask again inside it.
 */
export class SlidingAssigner {
  readonly size: number;
  readonly slide: number;
  readonly offset: number;

  /** After `assign`: the span around the timestamp, `[spanStart, spanEnd)`. */
  spanStart = 0;
  spanEnd = 0;

  constructor(size: number, slide: number, offset: number) {
    this.size = size;
    this.slide = slide;
    this.offset = offset;
  }

  /** The last start at or before a timestamp. */
  lastStart(timestamp: number): number {
    const past = (timestamp - this.offset) % this.slide;
    return past < 0 ? timestamp - (past + this.slide) : timestamp - past;
  }

  /** Puts the starts of the timestamp's windows into `starts`, latest first; returns how many. */
  assign(timestamp: number, starts: number[]): number {
    const { size, slide } = this;
    const last = this.lastStart(timestamp);
    let count = 0;
    let start = last;
    for (; start > timestamp - size; start -= slide) starts[count++] = start;
    // `start` is now the latest window that has ended: its end is the nearest one in the past.
    this.spanStart = Math.max(last, start + size);
    this.spanEnd = last + slide;
    if (count > 0) this.spanEnd = Math.min(this.spanEnd, starts[count - 1] + size);
    return count;
  }
}
