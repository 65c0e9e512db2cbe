import { Cell } from './guard.ts';
import { KeyedPane } from './keyed-pane.ts';

/** A pane as it enters a snapshot, with its key: by place, for names would be most of it. */
export type PaneDump = readonly [
  start: number,
  end: number,
  /** One accumulator, or none. */
  content: readonly unknown[],
  fresh: number,
  total: number,
  least: number,
  largest: number,
  fired: boolean,
  earlyAt: number,
  triggerState: unknown,
  timers: readonly number[],
  clockTimers: readonly number[],
];

export function dumpPane(pane: KeyedPane): PaneDump {
  const { start, end, cell, fresh, total, least, largest, fired, earlyAt } = pane;
  const { triggerState, timers, clockTimers } = pane;
  const content = cell === undefined ? [] : [cell.accumulator];
  return [
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
  ];
}

export function paneOf(key: unknown, dump: PaneDump): KeyedPane {
  const [start, end, content, fresh, total, least, largest, fired, earlyAt, ...ofTrigger] = dump;
  const [triggerState, timers, clockTimers] = ofTrigger;
  const pane = new KeyedPane(key, start, end);
  if (content.length > 0) pane.cell = new Cell(key, content[0]);
  pane.fresh = fresh;
  pane.total = total;
  pane.least = least;
  pane.largest = largest;
  pane.fired = fired;
  pane.earlyAt = earlyAt;
  pane.triggerState = triggerState;
  pane.timers = timers;
  pane.clockTimers = clockTimers;
  return pane;
}
