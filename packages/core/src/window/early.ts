import { checkOptionNames } from '../config/option-names.ts';
import { shown } from '../errors.ts';
import type { TimeKind } from '../time/clock.ts';
import { DURATION_FORM, type Duration, durationMs } from '../time/duration.ts';

export interface EveryCount {
  readonly kind: 'count';
  readonly count: number;
}

export interface EveryTime {
  readonly kind: 'time';
  readonly period: Duration;
  readonly time: TimeKind | undefined;
}

/** When a window gives results before its end. */
export type Early = EveryCount | EveryTime;

/** An early result after every `count` values of a key and window since the last result. */
export function everyCount(count: number): EveryCount {
  return Object.freeze({ kind: 'count', count });
}

/**
 * Early results of what is new, at most one per `period`, key and window: a value makes one due at the
 * next whole multiple of `period` after its timestamp (and after the watermark), when the watermark
 * gets there. With `time: 'processing'` the machine's clock counts in place of both. Default: the
 * window's own time.
 */
export function every(period: Duration, options: { time?: TimeKind } = {}): EveryTime {
  checkOptionNames('every()', options, { time: true });
  return Object.freeze({ kind: 'time', period, time: options.time });
}

export interface ResolvedEarly {
  /** Values since the last result; +∞ for results by time. */
  readonly count: number;
  /** Milliseconds; 0 for results by count. */
  readonly periodMs: number;
  readonly time: TimeKind;
  readonly described: string;
}

/** Throws whatever `wrong` throws, for what cannot be. */
export function resolveEarly(
  early: Early,
  windowTime: TimeKind,
  wrong: (what: string) => never,
): ResolvedEarly {
  switch (early?.kind) {
    case 'count': {
      const { count } = early;
      if (!Number.isSafeInteger(count) || count < 1) {
        wrong(`early results everyCount(${shown(count)}); it takes a whole number from 1 on`);
      }
      return { count, periodMs: 0, time: windowTime, described: `early every ${count} values` };
    }
    case 'time': {
      const periodMs = durationMs(early.period);
      const time = early.time ?? windowTime;
      if (periodMs === undefined || periodMs < 1) {
        return wrong(
          `early results every(${shown(early.period)}); it must be above 0, as ${DURATION_FORM}`,
        );
      }
      if (time !== 'event' && time !== 'processing') {
        wrong(`early results by the time ${shown(time)}; it is event or processing`);
      }
      if (time === 'event' && windowTime === 'processing') {
        wrong('early results by event time, but is a window of processing time');
      }
      const described = `early every ${periodMs} ms${time === windowTime ? '' : ` of ${time} time`}`;
      return { count: Number.POSITIVE_INFINITY, periodMs, time, described };
    }
    default:
      return wrong('early results that are neither everyCount(n) nor every(period)');
  }
}
