import { KeyMap } from '../state/key-map.ts';
import { DueQueue } from './due.ts';
import { Alarm, type KeyedPane } from './keyed-pane.ts';

/** The panes of all keys, and what wakes them: by the window's own time, and by the clock. */
export class KeyedPanes {
  readonly queue = new DueQueue<Alarm>();
  readonly clockQueue = new DueQueue<Alarm>();
  private readonly byKey = new KeyMap<KeyedPane[]>();

  of(key: unknown): readonly KeyedPane[] | undefined {
    return this.byKey.get(key);
  }

  add(pane: KeyedPane): void {
    const panes = this.byKey.get(pane.key);
    if (panes === undefined) this.byKey.set(pane.key, [pane]);
    else panes.push(pane);
  }

  remove(pane: KeyedPane): void {
    const panes = this.byKey.get(pane.key) as KeyedPane[];
    if (panes.length === 1) this.byKey.delete(pane.key);
    else panes.splice(panes.indexOf(pane), 1);
    if (pane.alarm !== undefined) pane.alarm.pane = undefined;
    if (pane.clockAlarm !== undefined) pane.clockAlarm.pane = undefined;
    pane.alarm = pane.clockAlarm = undefined;
  }

  /** Sees to it that the pane is woken at `dueAt` at the latest. */
  wake(pane: KeyedPane, dueAt: number): void {
    const { alarm } = pane;
    if (alarm !== undefined) {
      // One that rings too early is set again then: a session that grows costs nothing here.
      if (alarm.dueAt <= dueAt) return;
      alarm.pane = undefined;
    }
    pane.alarm = new Alarm(dueAt, pane);
    this.queue.push(pane.alarm);
  }

  /** The same by the clock; +∞ for not at all. */
  wakeByClock(pane: KeyedPane, dueAt: number): void {
    const { clockAlarm } = pane;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    if (clockAlarm !== undefined) {
      if (clockAlarm.dueAt <= dueAt) return;
      clockAlarm.pane = undefined;
    }
    pane.clockAlarm = new Alarm(dueAt, pane);
    this.clockQueue.push(pane.clockAlarm);
  }

  *[Symbol.iterator](): Generator<KeyedPane, undefined> {
    for (const panes of this.byKey.values()) yield* panes;
  }
}
