import { shown } from '../errors.ts';
import { DURATION_FORM, durationMs } from '../time/duration.ts';
import type { CountWindows } from './counting.ts';
import type { GlobalWindows } from './global.ts';
import type { HoppingWindows } from './hopping.ts';
import type { SessionWindows } from './session.ts';
import { SlidingAssigner } from './sliding.ts';
import type { TumblingWindows } from './tumbling.ts';

/** What `.window()` takes. */
export type WindowSpec =
  | TumblingWindows
  | HoppingWindows
  | SessionWindows
  | GlobalWindows
  | CountWindows;

/** A spec with its durations in milliseconds, checked. */
export type ResolvedWindow =
  | { readonly kind: 'time'; readonly assigner: SlidingAssigner; readonly described: string }
  | { readonly kind: 'session'; readonly gapMs: number; readonly described: string }
  | { readonly kind: 'global'; readonly described: string }
  | { readonly kind: 'count'; readonly size: number; readonly described: string };

/** Throws whatever `wrong` throws, for a spec that cannot be. */
export function resolveWindow(spec: WindowSpec, wrong: (what: string) => never): ResolvedWindow {
  switch (spec?.kind) {
    case 'tumbling': {
      const size = positive('the size', spec.size, wrong);
      const offset = offsetWithin('the size', size, spec.offset, wrong);
      return sliding(size, size, offset, `tumbling ${size} ms`);
    }
    case 'hopping': {
      const size = positive('the size', spec.size, wrong);
      const slide = positive('the slide', spec.slide, wrong);
      const offset = offsetWithin('the slide', slide, spec.offset, wrong);
      return sliding(size, slide, offset, `hopping ${size} ms every ${slide} ms`);
    }
    case 'session': {
      const gapMs = positive('the gap', spec.gap, wrong);
      return { kind: 'session', gapMs, described: `session, gap ${gapMs} ms` };
    }
    case 'global':
      return { kind: 'global', described: 'global' };
    case 'count':
      if (!Number.isSafeInteger(spec.size) || spec.size < 1) {
        wrong(`a count window of ${shown(spec.size)}; it takes a whole number from 1 on`);
      }
      return { kind: 'count', size: spec.size, described: `count ${spec.size}` };
    default:
      return wrong(
        'no window; it takes tumbling(size), hopping(size, slide), session(gap), global() or ' +
          'counting(n)',
      );
  }
}

function sliding(size: number, slide: number, offset: number, kind: string): ResolvedWindow {
  const described = offset === 0 ? kind : `${kind}, offset ${offset} ms`;
  return { kind: 'time', assigner: new SlidingAssigner(size, slide, offset), described };
}

function positive(what: string, duration: unknown, wrong: (what: string) => never): number {
  const ms = durationMs(duration);
  if (ms === undefined || ms < 1) {
    return wrong(`${what} ${shown(duration)}; it must be above 0, as ${DURATION_FORM}`);
  }
  return ms;
}

function offsetWithin(
  what: string,
  period: number,
  offset: unknown,
  wrong: (what: string) => never,
): number {
  const ms = durationMs(offset);
  if (ms === undefined || Math.abs(ms) >= period) {
    return wrong(
      `the offset ${shown(offset)}; it must be smaller than ${what} (${period} ms) either ` +
        `way, as ${DURATION_FORM}`,
    );
  }
  return ms;
}
