import type { AnyJoin, JoinType } from '../join/join.ts';
import type { ResolvedJoin } from '../join/spec.ts';
import { AsOfJoinOperator } from './as-of-join.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import { IntervalJoinOperator } from './interval-join.ts';
import { JoinOutput } from './join-output.ts';
import { LateOutput } from './late-output.ts';
import type { Operator } from './operator.ts';
import type { Outlet } from './outlet.ts';
import { SessionJoinOperator } from './session-join.ts';
import type { TwoInputOperator } from './two-input.ts';
import { WindowJoinOperator } from './window-join.ts';

/** A join of two keyed streams, checked. */
export interface JoinForm {
  readonly name: string;
  readonly join: ResolvedJoin;
  readonly type: JoinType;
  readonly call: AnyJoin;
  readonly allowedLatenessMs: number;
  readonly lateTo: string | undefined;
}

interface JoinParts {
  readonly faults: Faults;
  readonly counts: RecordCounts;
  readonly lateOutlet: (topic: string) => Outlet;
  readonly next: Operator;
  readonly leftViews?: boolean;
  readonly rightViews?: boolean;
}

/** The operator of a join step, in front of `next`. */
export function joinOperator(form: JoinForm, parts: JoinParts): TwoInputOperator {
  const { name, join, type, lateTo } = form;
  const { faults, counts, next } = parts;
  const lateOutlet = lateTo === undefined ? undefined : parts.lateOutlet(lateTo);
  const shared = {
    allowedLateness: form.allowedLatenessMs,
    leftOuter: type === 'left' || type === 'full',
    rightOuter: type === 'right' || type === 'full',
    leftViews: parts.leftViews ?? false,
    rightViews: parts.rightViews ?? false,
    output: new JoinOutput(name, form.call, faults, counts, next),
    late: new LateOutput(name, lateOutlet, counts),
    counts,
  };
  switch (join.kind) {
    case 'interval':
      return new IntervalJoinOperator({ ...shared, interval: join }, next);
    case 'window':
      return new WindowJoinOperator({ ...shared, assigner: join.assigner }, next);
    case 'session':
      return new SessionJoinOperator({ ...shared, gap: join.gap }, next);
    default:
      return new AsOfJoinOperator({ ...shared, ttl: join.ttl }, next);
  }
}
