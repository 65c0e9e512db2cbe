import { KEY_GROUPS } from './key-groups.ts';
import { type SnapshotReader, type SnapshotWriter, TASK_STATE } from './snapshot.ts';

/** Writes a task's own state, then keyed entries sorted into their key groups. */
export function writeByGroup<E>(
  writer: SnapshotWriter,
  taskState: unknown,
  entries: Iterable<E>,
  groupOf: (entry: E) => number,
): void {
  writer.group(TASK_STATE);
  writer.put(taskState);
  const groups: E[][] = Array.from({ length: KEY_GROUPS }, () => []);
  for (const entry of entries) groups[groupOf(entry)].push(entry);
  for (const [group, members] of groups.entries()) {
    if (members.length === 0) continue;
    writer.group(group);
    for (const member of members) writer.put(member);
  }
}

/** Reads what `writeByGroup` wrote, perhaps in several tasks: an entry with the state of its own task. */
export function readByGroup(
  reader: SnapshotReader,
  onTaskState: (state: unknown) => void,
  onEntry: (entry: unknown, taskState: unknown) => void,
): void {
  const taskStates: unknown[] = [];
  for (let group = reader.nextGroup(); group !== undefined; group = reader.nextGroup()) {
    const { writer } = reader;
    while (reader.more()) {
      const taken = reader.take();
      if (group !== TASK_STATE) {
        onEntry(taken, taskStates[writer]);
        continue;
      }
      taskStates[writer] = taken;
      onTaskState(taken);
    }
  }
}

/** For task states that are watermarks: of several tasks the one that was furthest behind holds. */
export function furthestBehind(onTime: (watermark: number) => void): (state: unknown) => void {
  let watermark = Number.POSITIVE_INFINITY;
  return state => {
    watermark = Math.min(watermark, state as number);
    onTime(watermark);
  };
}
