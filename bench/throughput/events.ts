/** What the keyed windows count: an event of one of so many keys, at an event time. */
export interface Event {
  readonly key: string;
  readonly timestamp: number;
}

export const EVENT_KEYS = 10_000;
export const KEY_NAMES: readonly string[] = Array.from(
  { length: EVENT_KEYS },
  (_, index) => `device-${String(index).padStart(5, '0')}`,
);
/** How many events each key has in each window of one second. */
export const EVENTS_PER_WINDOW = 50;
export const EVENTS_PER_SECOND = EVENT_KEYS * EVENTS_PER_WINDOW;

/** Event time of an event, in milliseconds, and in order: all keys take turns. */
export function timestampOf(sequence: number): number {
  return Math.floor((sequence * 1000) / EVENTS_PER_SECOND);
}

/** Index of an event's key: a walk that meets every key once in each turn, far from the one before. */
export function keyIndexOf(sequence: number): number {
  return ((sequence % EVENT_KEYS) * 7919) % EVENT_KEYS;
}

/** Key of the records that only move time on. */
export const CLOSER = 'closer';
