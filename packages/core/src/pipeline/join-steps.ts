import { shown } from '../errors.ts';
import type { AnyJoin, JoinType } from '../join/join.ts';
import { type JoinSpec, type ResolvedJoin, resolveJoin } from '../join/spec.ts';
import { joinOperator } from '../operator/join-operator.ts';
import { JoinOutput } from '../operator/join-output.ts';
import { LookupJoinOperator, type LookupJoinParts } from '../operator/lookup-join.ts';
import type { TwoInputStep } from './graph.ts';
import type { JoinOptions, LookupOptions, WindowJoinOptions } from './stream.ts';

/** What the builder checks steps with; each throws `INVALID_PIPELINE`, naming the step. */
export interface JoinChecks {
  checkFunction(step: string, what: string, given: unknown): void;
  duration(step: string, what: string, duration: unknown, leastMs: number): number;
  topicName(topic: unknown, step: string): void;
  wrong(step: string, what: string): never;
}

type Made = Omit<TwoInputStep, 'kind' | 'name'>;

const ALL_TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'full'];

/** The checked step of `.join()`, but for its name. */
export function joinStep(
  checks: JoinChecks,
  name: string,
  spec: JoinSpec,
  call: AnyJoin,
  options: WindowJoinOptions<JoinType> = {},
): Made {
  if (typeof spec === 'function') {
    checks.wrong(
      name,
      'has no window; interval(lower, upper) or another one comes before the function',
    );
  }
  const join = resolveJoin(spec, what => checks.wrong(name, `has ${what}`));
  checks.checkFunction(name, 'what it makes of two values', call);
  const type = typeOf(checks, name, typesOf(spec), options);
  const { lateTo, allowedLateness } = options;
  if (lateTo !== undefined) checks.topicName(lateTo, name);
  const windowed = join.kind === 'window' || join.kind === 'session';
  if (allowedLateness !== undefined && !windowed) {
    checks.wrong(name, 'is no join in windows, which alone know an allowedLateness');
  }
  const allowedLatenessMs =
    allowedLateness === undefined
      ? 0
      : checks.duration(name, 'the allowedLateness', allowedLateness, 0);
  const form = { name, join, type, call, allowedLatenessMs, lateTo };
  return {
    described: describe(join, type, allowedLatenessMs),
    left: 'by-key',
    right: 'by-key',
    rightFirst: false,
    stateful: true,
    lateTo,
    create: parts => joinOperator(form, parts),
  };
}

/** The checked step of `.lookup()`, but for its name. */
export function lookupStep(
  checks: JoinChecks,
  name: string,
  keys: { readonly key: unknown; readonly sideKey: unknown },
  call: AnyJoin,
  options: LookupOptions<'inner' | 'left'> = {},
): Made {
  checks.checkFunction(name, 'its key', keys?.key);
  checks.checkFunction(name, 'its sideKey', keys.sideKey);
  checks.checkFunction(name, 'what it makes of two values', call);
  const type = typeOf(checks, name, ['inner', 'left'], options);
  const { key, sideKey } = keys as Pick<LookupJoinParts, 'key' | 'sideKey'>;
  const leftOuter = type === 'left';
  return {
    described: `lookup, ${type}`,
    left: 'forward',
    right: 'broadcast',
    rightFirst: true,
    stateful: true,
    lateTo: undefined,
    create: ({ faults, counts, next, rightViews: sideViews }) => {
      const output = new JoinOutput(name, call, faults, counts, next);
      const parts = { step: name, key, sideKey, sideViews, leftOuter, output, faults, counts };
      return new LookupJoinOperator(parts, next);
    },
  };
}

/** The unmatched rows of some joins would have to wait for ever. */
function typesOf(spec: JoinSpec): readonly JoinType[] {
  if (spec.kind === 'unbounded') return ['inner'];
  return spec.kind === 'asOf' ? ['inner', 'left'] : ALL_TYPES;
}

function typeOf(
  checks: JoinChecks,
  name: string,
  types: readonly JoinType[],
  { type = 'inner' }: JoinOptions<JoinType>,
): JoinType {
  if (types.includes(type)) return type;
  return checks.wrong(name, `has the type ${shown(type)}; such a join can be ${types.join(', ')}`);
}

function describe({ kind, described }: ResolvedJoin, type: JoinType, latenessMs: number): string {
  const parts = [described, type];
  if (kind === 'window' || kind === 'session') parts.push(`lateness ${latenessMs} ms`);
  return parts.join(', ');
}
