import { Cell } from './guard.ts';
import { KeyedPane } from './keyed-pane.ts';

/** A pane as it enters a snapshot. */
export interface PaneDump {
  readonly key: unknown;
  readonly start: number;
  readonly end: number;
  /** One accumulator, or none. */
  readonly content: readonly unknown[];
  readonly fresh: number;
  readonly total: number;
  readonly least: number;
  readonly largest: number;
  readonly fired: boolean;
  readonly earlyAt: number;
  readonly triggerState: unknown;
  readonly timers: readonly number[];
  readonly clockTimers: readonly number[];
}

export function dumpPane(pane: KeyedPane): PaneDump {
  const { key, start, end, cell, fresh, total, least, largest, fired, earlyAt } = pane;
  const { triggerState, timers, clockTimers } = pane;
  const content = cell === undefined ? [] : [cell.accumulator];
  return {
    key,
    start,
    end,
    content,
    fresh,
    total,
    least,
    largest,
    fired,
    earlyAt,
    triggerState,
    timers,
    clockTimers,
  };
}

export function paneOf(dump: PaneDump): KeyedPane {
  const pane = new KeyedPane(dump.key, dump.start, dump.end);
  if (dump.content.length > 0) pane.cell = new Cell(dump.key, dump.content[0]);
  pane.fresh = dump.fresh;
  pane.total = dump.total;
  pane.least = dump.least;
  pane.largest = dump.largest;
  pane.fired = dump.fired;
  pane.earlyAt = dump.earlyAt;
  pane.triggerState = dump.triggerState;
  pane.timers = dump.timers;
  pane.clockTimers = dump.clockTimers;
  return pane;
}
