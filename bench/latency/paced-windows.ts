// The events of the window-latency bench: what they are, when they are due.

export const PER_SECOND = 200_000;
export const PER_MS = PER_SECOND / 1000;
export const WINDOW_MS = 100;
export const SENSORS = 1000;
/** How often each sensor reads in each window. */
export const READINGS = (PER_MS * WINDOW_MS) / SENSORS;

/** What the producer is told: to append what is due in so many milliseconds from a moment on. */
export interface PacedWindowsOrder {
  /** By the clock that all threads share. */
  readonly startUs: number;
  /** Event time of the first event; event time goes on as the clock does. */
  readonly fromMs: number;
  readonly durationMs: number;
}
