import { KeyMap } from '../state/key-map.ts';
import { DueQueue } from './due.ts';
import type { Cell } from './guard.ts';
import type { SlidingAssigner } from './sliding.ts';
import type { EventTimeTrigger } from './trigger.ts';

/** A window that holds state: the panes of all its keys, which all fire at once. */
export class LiveWindow {
  readonly start: number;
  readonly end: number;
  /** When it fires, and after that, when it goes. */
  dueAt: number;
  /** Whether the watermark has passed it: it has fired, and a value for it fires it again. */
  fired: boolean;
  readonly cells = new KeyMap<Cell>();
  /** What was changed since the last snapshot, each once. */
  changed: Cell[] = [];

  constructor(start: number, end: number, dueAt: number, fired: boolean) {
    this.start = start;
    this.end = end;
    this.dueAt = dueAt;
    this.fired = fired;
  }
}

/** The open windows of every timestamp in `[start, end)`. */
export class Span {
  readonly start: number;
  readonly end: number;
  /** Latest first; those that are late are not among them. */
  readonly windows: readonly LiveWindow[];
  /** How many windows there are in all. */
  readonly assigned: number;
  /** The one window, if there is one and it has not fired: then adding is all there is to do. */
  readonly only: LiveWindow | undefined;
  readonly anyFired: boolean;

  constructor(start: number, end: number, windows: readonly LiveWindow[], assigned: number) {
    this.start = start;
    this.end = end;
    this.windows = windows;
    this.assigned = assigned;
    this.anyFired = windows.some(({ fired }) => fired);
    this.only = windows.length === 1 && !this.anyFired ? windows[0] : undefined;
  }
}

/** Holds no timestamp. */
export const NO_SPAN = new Span(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, [], 0);

/** Spans that are remembered: disorder goes back and forth between a few. */
const SPANS = 8;

/**
 * The windows that hold state, what is due when, and the last answers to "which windows is this time
 * in". An answer stays right over its span of time, until a window fires or goes.
 */
export class LiveWindows {
  readonly assigner: SlidingAssigner;
  readonly trigger: EventTimeTrigger;
  readonly queue = new DueQueue<LiveWindow>();
  /** The watermark. */
  now = Number.NEGATIVE_INFINITY;

  private readonly live = new Map<number, LiveWindow>();
  private readonly spans: Span[] = new Array<Span>(SPANS).fill(NO_SPAN);
  private oldest = 0;
  private readonly starts: number[] = [];

  constructor(assigner: SlidingAssigner, trigger: EventTimeTrigger) {
    this.assigner = assigner;
    this.trigger = trigger;
  }

  [Symbol.iterator](): MapIterator<LiveWindow> {
    return this.live.values();
  }

  /** The span around a timestamp. One without open windows is not worth remembering. */
  spanOf(timestamp: number): Span {
    for (let i = 0; i < SPANS; i++) {
      const span = this.spans[i];
      if (timestamp >= span.start && timestamp < span.end) return span;
    }
    const span = this.locate(timestamp);
    if (span.windows.length > 0) {
      this.spans[this.oldest] = span;
      this.oldest = (this.oldest + 1) % SPANS;
    }
    return span;
  }

  /** Forgets what was remembered: a window fires or goes. */
  forget(): void {
    this.spans.fill(NO_SPAN);
  }

  /** The window that begins at `start`; new if it has no state yet. */
  open(start: number): LiveWindow {
    const known = this.live.get(start);
    if (known !== undefined) return known;
    const { trigger } = this;
    const end = start + this.assigner.size;
    const fired = trigger.firesAt(end) <= this.now;
    const dueAt = fired ? trigger.cleanedUpAt(end) : trigger.firesAt(end);
    const window = new LiveWindow(start, end, dueAt, fired);
    this.live.set(start, window);
    this.queue.push(window);
    return window;
  }

  /** Whether the window that begins at `start` has not gone at a watermark. */
  isOpen(start: number, watermark: number): boolean {
    return this.trigger.cleanedUpAt(start + this.assigner.size) > watermark;
  }

  /** Whether any window of a timestamp has not gone at a watermark. */
  isAnyOpen(timestamp: number, watermark: number): boolean {
    return this.isOpen(this.assigner.lastStart(timestamp), watermark);
  }

  /** Puts a window that fired into the queue again, until it goes. */
  keepUntilCleanup(window: LiveWindow): void {
    window.dueAt = this.trigger.cleanedUpAt(window.end);
    this.queue.push(window);
  }

  delete(window: LiveWindow): void {
    this.live.delete(window.start);
  }

  private locate(timestamp: number): Span {
    const { assigner, trigger } = this;
    const assigned = assigner.assign(timestamp, this.starts);
    const windows: LiveWindow[] = [];
    for (let i = 0; i < assigned; i++) {
      const start = this.starts[i];
      if (trigger.cleanedUpAt(start + assigner.size) > this.now) windows.push(this.open(start));
    }
    return new Span(assigner.spanStart, assigner.spanEnd, windows, assigned);
  }
}
