import { CHANGES_TO_REST } from '../state/increments.ts';
import type { Cell } from './guard.ts';
import type { LiveWindow } from './live-windows.ts';

/** How many snapshots it takes to have written every pane once, where none changes. */
const PARTS = 32;
const LEAST_PART = 1_024;

type Pane = [key: unknown, start: number, accumulator: unknown];

/**
 * Goes over all panes again and again, a part with every snapshot of what changed. Once it has been
 * over all of them since some snapshot, those before that one are not needed: each pane has been
 * written since, by the sweep or because it changed (a new one has).
 */
export class PaneSweep {
  private readonly windows: Iterable<LiveWindow>;
  private cells: Iterator<readonly [LiveWindow, Cell], undefined>;
  private part = LEAST_PART;
  /** Snapshots since the one that the sweep under way began with, and since that of the one before. */
  private current = 1;
  private needed = 1;

  constructor(windows: Iterable<LiveWindow>) {
    this.windows = windows;
    this.cells = this.all();
  }

  /** A snapshot of everything has been made. Returns how many are needed: that one. */
  begin(): number {
    this.restart();
    this.current = 0;
    this.needed = 1;
    return 1;
  }

  /**
   * Adds the next part to `panes`, without those that are noted as changed by the number `noted`.
   * Returns how many of the last snapshots are needed, this one included.
   */
  next(noted: number, panes: Pane[]): number {
    this.current++;
    this.needed++;
    const part = Math.max(this.part, panes.length / CHANGES_TO_REST);
    for (let i = 0; i < part; i++) {
      const step = this.cells.next();
      if (step.done === true) {
        // All that there is has been written since the sweep began.
        this.needed = this.current;
        this.current = 0;
        this.restart();
        break;
      }
      const [{ start }, cell] = step.value;
      if (cell.noted !== noted) panes.push([cell.key, start, cell.accumulator]);
    }
    return this.needed;
  }

  private restart(): void {
    let count = 0;
    for (const { cells } of this.windows) count += cells.size;
    this.part = Math.max(LEAST_PART, Math.ceil(count / PARTS));
    this.cells = this.all();
  }

  private *all(): Generator<readonly [LiveWindow, Cell], undefined> {
    for (const window of this.windows) {
      for (const cell of window.cells.values()) yield [window, cell];
    }
  }
}
