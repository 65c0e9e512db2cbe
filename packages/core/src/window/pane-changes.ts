import type { Changing } from '../state/increments.ts';
import type { Adder } from './adder.ts';
import type { Cell } from './guard.ts';
import type { LiveWindow } from './live-windows.ts';

/** A pane in a snapshot. */
export type PlainPane = readonly [key: unknown, start: number, accumulator: unknown];

/**
 * The panes of windows as snapshots see them. A cell knows the number that it was noted by, and its
 * window has a list of those that were; a window that has gone takes both with it.
 */
export class PaneChanges implements Changing<readonly [LiveWindow, Cell], PlainPane> {
  private readonly windows: Iterable<LiveWindow>;
  private readonly adder: Adder;

  constructor(windows: Iterable<LiveWindow>, adder: Adder) {
    this.windows = windows;
    this.adder = adder;
  }

  noteAnew(): void {
    for (const window of this.windows) window.changed = [];
    this.adder.noting++;
  }

  *changed(): Generator<PlainPane, undefined> {
    for (const { start, changed } of this.windows) {
      for (const { key, accumulator } of changed) yield [key, start, accumulator];
    }
  }

  *items(): Generator<readonly [LiveWindow, Cell], undefined> {
    for (const window of this.windows) {
      for (const cell of window.cells.values()) yield [window, cell];
    }
  }

  isNoted([, cell]: readonly [LiveWindow, Cell]): boolean {
    return cell.noted === this.adder.noting;
  }

  entries([{ start }, { key, accumulator }]: readonly [LiveWindow, Cell]): PlainPane[] {
    return [[key, start, accumulator]];
  }
}
