import { Cell, FLAT_GUARD, NO_GUARD } from './guard.ts';
import type { LiveWindow, Span } from './live-windows.ts';
import type { PaneLogic } from './pane.ts';
import { refusePromise } from './synchronous.ts';

/**
 * Adds a value to all windows of a span, or to none: when one `add` fails, it is taken out of those
 * that it was added to before.
 */
export class Adder {
  private readonly logic: PaneLogic;
  private readonly step: string;
  /** Whether an undo needs no more than the accumulator that was there, or a shallow copy of it. */
  private readonly simple: boolean;
  private readonly flat: boolean;

  /** The undo list: cell by window, what the guard kept, whether the cell is new. */
  private readonly touched: Cell[] = [];
  private readonly kept: unknown[] = [];
  private readonly created: boolean[] = [];
  private count = 0;
  /** The number of the changes since the last snapshot; 0: nobody wants to know. */
  noting = 0;

  constructor(logic: PaneLogic, step: string) {
    this.logic = logic;
    this.step = step;
    this.flat = logic.guard === FLAT_GUARD;
    this.simple = this.flat || logic.guard === NO_GUARD;
  }

  /** Throws what user code throws; the windows are then as before. */
  add(span: Span, key: unknown, value: unknown): void {
    const { only } = span;
    const input = this.logic.read(value);
    if (only === undefined || !this.simple) this.addToAll(span.windows, key, input, value);
    else this.addToOne(only, key, input, value);
  }

  /** The way that nearly all values go: a window that takes them all, and little to undo. */
  private addToOne(window: LiveWindow, key: unknown, input: unknown, value: unknown): void {
    const { logic } = this;
    const { cells } = window;
    const cell = cells.get(key);
    if (cell === undefined) {
      const accumulator = this.checked(logic.add(logic.create(), input, value));
      const made = new Cell(key, accumulator);
      cells.set(key, made);
      if (this.noting !== 0) this.note(window, made);
      return;
    }
    const { accumulator } = cell;
    if (cell.noted !== this.noting) this.note(window, cell);
    if (!this.flat) {
      cell.accumulator = this.checked(logic.add(accumulator, input, value));
      return;
    }
    const copy = { ...(accumulator as object) };
    try {
      cell.accumulator = this.checked(logic.add(accumulator, input, value));
    } catch (error) {
      cell.accumulator = copy;
      throw error;
    }
  }

  private addToAll(
    windows: readonly LiveWindow[],
    key: unknown,
    input: unknown,
    value: unknown,
  ): void {
    const { logic } = this;
    const { guard } = logic;
    this.count = 0;
    try {
      for (let i = 0; i < windows.length; i++) {
        const { cells } = windows[i];
        let cell = cells.get(key);
        this.created[i] = cell === undefined;
        if (cell === undefined) {
          cell = new Cell(key, logic.create());
          cells.set(key, cell);
        }
        this.touched[i] = cell;
        this.kept[i] = guard.keep(cell);
        this.count = i + 1;
        cell.accumulator = this.checked(logic.add(cell.accumulator, input, value));
      }
    } catch (error) {
      this.undo(windows, key);
      throw error;
    }
    if (this.noting !== 0) {
      for (let i = 0; i < this.count; i++) {
        if (this.touched[i].noted !== this.noting) this.note(windows[i], this.touched[i]);
      }
    }
    if (guard.settles) for (let i = 0; i < this.count; i++) guard.settle(this.touched[i], value);
  }

  private note(window: LiveWindow, cell: Cell): void {
    cell.noted = this.noting;
    if (this.noting !== 0) window.changed.push(cell);
  }

  private checked(accumulator: unknown): unknown {
    if (accumulator instanceof Promise) refusePromise(this.step, accumulator);
    return accumulator;
  }

  private undo(windows: readonly LiveWindow[], key: unknown): void {
    const { guard } = this.logic;
    for (let i = 0; i < this.count; i++) {
      if (this.created[i]) windows[i].cells.delete(key);
      else guard.restore(this.touched[i], this.kept[i]);
    }
  }
}
