import type { Aggregate } from './aggregate.ts';
import { isPrimitive, plainCopy } from './plain-copy.ts';

type AnyAggregate = Aggregate<unknown, unknown, unknown>;

/** A deep copy of an accumulator, by the aggregate's own `copy` if it has one. */
export function copyOf(aggregate: AnyAggregate, accumulator: unknown): unknown {
  if (isPrimitive(accumulator)) return accumulator;
  return aggregate.copy === undefined ? plainCopy(accumulator).copy : aggregate.copy(accumulator);
}

/**
 * Merges `right` into `left`, and never lets the result be `right` itself: that goes on by itself
 * where panes share it, and a `merge` that picks one of two returns it.
 */
export function mergeInto(aggregate: AnyAggregate, left: unknown, right: unknown): unknown {
  const merged = aggregate.merge?.(left, right);
  return merged === right ? copyOf(aggregate, right) : merged;
}
