import { mix } from './memory.ts';

export const STATUS = { ready: 0, waiting: 1, done: 2, dead: 3 } as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** A plain store that only its own thread sees yet. 64-bit ones have `high`. */
export interface LateStore {
  readonly address: number;
  readonly low: number;
  readonly high: number | undefined;
}

/** Where a thread is. Never changed, only replaced. */
export interface ThreadState {
  /** The operation that it is in. */
  readonly op: number;
  /** What it carries from operation to operation. */
  readonly vars: readonly number[];
  /** The values that it has read in this operation. */
  readonly log: readonly number[];
  readonly status: Status;
  /** The word that it waits on. */
  readonly waitsOn: number;
  /** Its stores that others do not see yet, oldest first. */
  readonly late: readonly LateStore[];
  /** Where it stands inside its operation, as two numbers. */
  readonly place: readonly number[];
  /** The key of all this, in two halves. */
  readonly low: number;
  readonly high: number;
}

/** `shape` says where the thread stands inside its operation: its first `shapeLength` numbers. */
export function threadState(
  index: number,
  op: number,
  vars: readonly number[],
  log: readonly number[],
  status: Status,
  waitsOn: number,
  late: readonly LateStore[],
  shape: readonly number[] | Int32Array,
  shapeLength = shape.length,
): ThreadState {
  let placeLow = 0x9e3779b1;
  let placeHigh = 0x85ebca6b;
  for (let i = 0; i < shapeLength; i++) {
    placeLow = mix(placeLow, shape[i], 0x2c1b3c6d);
    placeHigh = mix(placeHigh, shape[i], 0x297a2d39);
  }
  const place = [placeLow, placeHigh];
  return keyed(index, { op, vars, log, status, waitsOn, late, place });
}

/** The same thread with other late stores. */
export function withLate(
  index: number,
  thread: ThreadState,
  late: readonly LateStore[],
): ThreadState {
  return keyed(index, { ...thread, late });
}

/** The same thread, which no longer waits: its wait has returned `outcome`. */
export function woken(index: number, thread: ThreadState, outcome: number): ThreadState {
  const log = [...thread.log, outcome];
  return keyed(index, { ...thread, log, status: STATUS.ready, waitsOn: 0 });
}

function keyed(index: number, thread: Omit<ThreadState, 'low' | 'high'>): ThreadState {
  const { op, vars, status, late, place } = thread;
  let low = mix(index + 1, op * 4 + status, 0x9e3779b1);
  let high = mix(index + 1, op * 4 + status, 0x85ebca6b);
  const take = (number: number) => {
    low = mix(low, number, 0x165667b1);
    high = mix(high, number, 0x7feb352d);
  };
  vars.forEach(take);
  for (const store of late) {
    take(store.address);
    take(store.low);
    take(store.high ?? 1);
  }
  place.forEach(take);
  return { ...thread, low, high };
}

/** Whether two stores touch a common word. */
export function overlap(a: LateStore, b: LateStore): boolean {
  return a.address < endOf(b) && b.address < endOf(a);
}

function endOf({ address, high }: LateStore): number {
  return address + (high === undefined ? 4 : 8);
}
