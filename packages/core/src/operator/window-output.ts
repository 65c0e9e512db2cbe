import type { Cell } from '../window/guard.ts';
import type { PaneLogic } from '../window/pane.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { Window, WindowInfo } from '../window/window.ts';
import { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import { Emission, type Emitter } from './emission.ts';
import type { Faults } from './faults.ts';
import type { Operator } from './operator.ts';

/**
 * Turns the panes of a window operator into results and hands them on. User code that throws is
 * called again; then the pane is a dead letter.
 */
export class WindowOutput implements Emitter {
  readonly step: string;
  private readonly logic: PaneLogic;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;
  private readonly next: Operator;
  private readonly emission: Emission = new Emission(this);
  /** The results' context: not that of the record that made the window fire. */
  private readonly context = new ContextCell();
  private readonly info: { key: unknown; window: Window } = { key: undefined, window: EMPTY };
  private cell!: Cell;
  private survives = false;

  constructor(
    step: string,
    logic: PaneLogic,
    faults: Faults,
    counts: RecordCounts,
    next: Operator,
  ) {
    this.step = step;
    this.logic = logic;
    this.faults = faults;
    this.counts = counts;
    this.next = next;
  }

  get retries(): number {
    return this.faults.retries;
  }

  /** Emits one pane; `survives` when it stays in the state. `false`: suspended. */
  fire(cell: Cell, window: Window, timestamp: number, survives: boolean): boolean {
    this.cell = cell;
    this.survives = survives;
    this.info.key = cell.key;
    this.info.window = window;
    this.context.key = cell.key;
    this.context.timestamp = timestamp;
    let result: unknown;
    try {
      result = this.again();
    } catch (error) {
      return this.recover(error);
    }
    return this.pass(result);
  }

  private recover(error: unknown): boolean {
    const outcome = this.faults.retry(error, () => this.again());
    if (outcome.failed) return this.refuse(outcome.error, 0);
    return this.pass(outcome.value);
  }

  private pass(result: unknown): boolean {
    if (this.logic.many) return this.emission.begin(result);
    if (result instanceof Promise) refusePromise(this.step, result);
    this.counts.fired++;
    return this.next.push(result, this.context);
  }

  /** Hands on what is left of a suspended pane. */
  proceed(): boolean {
    return this.emission.active ? this.emission.proceed() : true;
  }

  again(): unknown {
    return this.logic.result(this.cell.accumulator, this.info as WindowInfo, this.survives);
  }

  emit(item: unknown): boolean {
    this.counts.fired++;
    return this.next.push(item, this.context);
  }

  refuse(error: unknown, _passed: number): boolean {
    const { key, accumulator } = this.cell;
    const { start, end } = this.info.window;
    this.counts.fired++;
    const pane = { key, window: { start, end }, accumulator };
    return this.faults.deadPane(this.step, error, pane, this.context.timestamp);
  }

  finished(): void {}
}

const EMPTY: Window = Object.freeze({ start: 0, end: 0 });
