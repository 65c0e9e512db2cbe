import type { Bell } from './bell.ts';

/** A place where one can wait, which must know beforehand that somebody will. */
export interface WaitingPlace {
  countWaiter(delta: 1 | -1): void;
}

/** How often a waiter looks again before it parks: some microseconds, what a wake-up costs. */
const SPINS = 64;
/** No wait is longer, so that even a lost thread's progress is found. Nothing relies on it. */
const LONGEST_WAIT_MS = 1_000;

/** Blocks until `ready`, `timeoutMs` at most. Tells whether it is ready. */
export function parkSync(
  bell: Bell,
  places: readonly WaitingPlace[],
  ready: () => boolean,
  timeoutMs: number,
): boolean {
  const deadlineMs = performance.now() + timeoutMs;
  for (let spin = 0; spin < SPINS; spin++) if (ready()) return true;
  for (const place of places) place.countWaiter(1);
  try {
    for (;;) {
      const seen = bell.epoch();
      if (ready()) return true;
      const left = deadlineMs - performance.now();
      if (left <= 0) return false;
      bell.waitSync(seen, Math.min(left, LONGEST_WAIT_MS));
    }
  } finally {
    for (const place of places) place.countWaiter(-1);
  }
}

/** Like `parkSync`, without blocking the thread. */
export async function park(
  bell: Bell,
  places: readonly WaitingPlace[],
  ready: () => boolean,
  timeoutMs: number = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  for (const place of places) place.countWaiter(1);
  try {
    for (;;) {
      const seen = bell.epoch();
      if (ready()) return true;
      const left = deadlineMs - performance.now();
      if (left <= 0) return false;
      await bell.wait(seen, Math.min(left, LONGEST_WAIT_MS));
    }
  } finally {
    for (const place of places) place.countWaiter(-1);
  }
}

/** Calls `work` once, in `delayMs`; keeps the process alive until then. */
export function later(work: () => void, delayMs: number): void {
  setTimeout(work, delayMs);
}
