import { FNV_OFFSET_BASIS, FNV_PRIME, fnv1a } from '../record/hash.ts';

/** What a key of a keyed stream can be. `undefined` is the one key of an unkeyed window. */
export type Key = string | number;

/** Fixed for good: the unit in which keyed state moves between tasks. A power of two. */
export const KEY_GROUPS = 128;

/** 32-bit FNV-1a of the key's UTF-8 bytes; a number's are those of its decimal text. */
export function keyHash(key: unknown): number {
  if (typeof key === 'string') return fnv1a(key);
  if (typeof key !== 'number') return FNV_OFFSET_BASIS;
  if ((key | 0) === key && key >= 0) return hashOfDigits(key);
  return fnv1a(String(key));
}

/** Decimal digits from the most significant on, without making the text. */
function hashOfDigits(value: number): number {
  let divisor = 1;
  while (value / divisor >= 10) divisor *= 10;
  let hash = FNV_OFFSET_BASIS;
  let rest = value;
  for (; divisor >= 1; divisor /= 10) {
    const digit = (rest / divisor) | 0;
    rest -= digit * divisor;
    hash = Math.imul(hash ^ (48 + digit), FNV_PRIME);
  }
  return hash >>> 0;
}

export function keyGroupOf(key: unknown): number {
  return keyHash(key) % KEY_GROUPS;
}

/** The task, of `tasks`, that a key group belongs to: contiguous ranges, as even as can be. */
export function taskOfKeyGroup(group: number, tasks: number): number {
  return Math.floor((group * tasks) / KEY_GROUPS);
}

/** The first key group of a task; that of task `tasks` is `KEY_GROUPS`. */
export function firstKeyGroup(task: number, tasks: number): number {
  return Math.ceil((task * KEY_GROUPS) / tasks);
}
