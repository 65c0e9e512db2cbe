import { KeyObjects } from '../state/key-objects.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { DueQueue } from './due.ts';
import { Alarm, type KeyedPane } from './keyed-pane.ts';
import { dumpPane, type PaneDump, paneOf } from './pane-dump.ts';

/** The panes of all keys, and what wakes them: by the window's own time, and by the clock. */
export class KeyedPanes {
  readonly queue = new DueQueue<Alarm>();
  readonly clockQueue = new DueQueue<Alarm>();
  private readonly byKey = new KeyObjects<KeyedPane[]>(panes => panes.map(dumpPane));

  of(key: unknown): readonly KeyedPane[] | undefined {
    return this.byKey.get(key);
  }

  /** A pane of this key changes, comes or goes. */
  note(key: unknown): void {
    this.byKey.note(key);
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

  snapshot(writer: SnapshotWriter, taskState: unknown): void {
    this.byKey.snapshot(writer, taskState);
  }

  /** See `Incremental`. */
  snapshotChanges(writer: SnapshotWriter, taskState: unknown, leastPart?: number): number {
    return this.byKey.snapshotChanges(writer, taskState, leastPart);
  }

  /** Takes the panes of a snapshot in, and tells of each: nothing wakes it yet. */
  restore(
    reader: SnapshotReader,
    onTaskState: (state: unknown) => void,
    onPane: (pane: KeyedPane) => void,
  ): void {
    this.byKey.restore(reader, onTaskState, (key, dumps) => {
      for (const dump of dumps) {
        const pane = paneOf(key, dump as PaneDump);
        this.add(pane);
        onPane(pane);
      }
    });
  }
}
