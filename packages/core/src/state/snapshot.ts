/**
 * Where an operator writes its state. Values are plain (what the codec can encode). State that
 * belongs to a key is written under the key's group, so that a restore may spread it over another
 * number of tasks; the rest under `TASK_STATE`, which every new task gets.
 */
export interface SnapshotWriter {
  /** What follows belongs to this key group, or to the task. Never for the same group twice. */
  group(group: number): void;
  put(value: unknown): void;
}

/** Reads back, group by group, what one or several tasks wrote. */
export interface SnapshotReader {
  /** Which of the tasks wrote the section. */
  readonly writer: number;
  /** Steps to the next section and returns its group (or `TASK_STATE`), `undefined` after the last. */
  nextGroup(): number | undefined;
  /** Whether the section has more values. */
  more(): boolean;
  take(): unknown;
}

/** A piece of a snapshot: the state of one key group, or that of a task. Bytes of the plain codec. */
export interface Section {
  readonly group: number;
  readonly bytes: Uint8Array;
}

/** State that belongs to a task and not to a key. It comes before every key group. */
export const TASK_STATE = -1;
