import { DueQueue } from '../window/due.ts';
import type { SlidingAssigner } from '../window/sliding.ts';
import type { Window } from '../window/window.ts';
import { NO_ROWS } from './timed-rows.ts';

/** The rows of one key, once each, in however many windows they are. */
export class WindowedRows {
  readonly key: unknown;
  left = NO_ROWS;
  right = NO_ROWS;
  /** The span whose windows know of this key already. */
  private span: Span | undefined = undefined;

  constructor(key: unknown) {
    this.key = key;
  }

  /** Tells the windows of a span that this key has rows in them. */
  enter(span: Span): void {
    if (this.span === span) return;
    this.span = span;
    for (const window of span.windows) window.keys.add(this);
  }
}

export class OpenWindow {
  readonly edges: Window;
  /** When it fires, and after that, when it goes. */
  dueAt: number;
  fired: boolean;
  /** The keys that have rows in it. */
  readonly keys = new Set<WindowedRows>();

  constructor(edges: Window, dueAt: number, fired: boolean) {
    this.edges = edges;
    this.dueAt = dueAt;
    this.fired = fired;
  }
}

/** The windows of every time in `[start, end)` that are not late. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly windows: readonly OpenWindow[];
  /** How many windows there are in all. */
  readonly assigned: number;
  readonly anyFired: boolean;
}

const NO_SPAN: Span = {
  start: Number.POSITIVE_INFINITY,
  end: Number.NEGATIVE_INFINITY,
  windows: [],
  assigned: 0,
  anyFired: false,
};

/** The windows of a join that have rows, what is due when, and which windows a time is in. */
export class OpenWindows {
  readonly queue = new DueQueue<OpenWindow>();
  /** The watermark. */
  now = Number.NEGATIVE_INFINITY;
  private readonly assigner: SlidingAssigner;
  private readonly allowedLateness: number;
  private readonly windows = new Map<number, OpenWindow>();
  private readonly starts: number[] = [];
  /** The last answer: it is right until a window fires or goes. */
  private span = NO_SPAN;

  constructor(assigner: SlidingAssigner, allowedLatenessMs: number) {
    this.assigner = assigner;
    this.allowedLateness = allowedLatenessMs;
  }

  spanOf(timestamp: number): Span {
    const { span } = this;
    if (timestamp >= span.start && timestamp < span.end) return span;
    const found = this.locate(timestamp);
    if (found.windows.length > 0) this.span = found;
    return found;
  }

  /** Takes out the next window that is due. */
  next(): OpenWindow {
    this.span = NO_SPAN;
    return this.queue.pop();
  }

  /** A window that has fired stays until its lateness is over. */
  keepUntilGone(window: OpenWindow): void {
    window.fired = true;
    window.dueAt = this.goesAt(window.edges.start);
    this.queue.push(window);
  }

  delete(window: OpenWindow): void {
    // A key that lives on remembers its last span, and so this window.
    window.keys.clear();
    this.windows.delete(window.edges.start);
  }

  private locate(timestamp: number): Span {
    const { assigner, starts } = this;
    const assigned = assigner.assign(timestamp, starts);
    const windows: OpenWindow[] = [];
    for (let i = 0; i < assigned; i++) {
      if (this.goesAt(starts[i]) > this.now) windows.push(this.open(starts[i]));
    }
    return {
      start: assigner.spanStart,
      end: assigner.spanEnd,
      windows,
      assigned,
      anyFired: windows.some(({ fired }) => fired),
    };
  }

  private open(start: number): OpenWindow {
    let window = this.windows.get(start);
    if (window !== undefined) return window;
    const end = start + this.assigner.size;
    const fired = end - 1 <= this.now;
    const edges = Object.freeze({ start, end });
    window = new OpenWindow(edges, fired ? this.goesAt(start) : end - 1, fired);
    this.windows.set(start, window);
    this.queue.push(window);
    return window;
  }

  private goesAt(start: number): number {
    return start + this.assigner.size - 1 + this.allowedLateness;
  }
}
