import { DOING, type Doing, type WorkInHand } from '../memory/work-row.ts';
import type { PendingCall } from '../operator/operator.ts';
import type { Plan, TaskPlan } from './plan.ts';

/** Work of a task that goes on, as a rule a call of user code; plain data. */
export interface UserCall {
  /**
   * What the task is at: a record (and all that comes of it in the task), what the clock asked for
   * (timers, results of `mapAsync` that are handed on), calls of a sink outside, a snapshot of the state;
   * or a call of `mapAsync`, which the task goes on without.
   */
  readonly during: 'record' | 'clock' | 'sink' | 'snapshot' | 'async';
  /** The step, where that is known: of a call of `mapAsync`. */
  readonly step: string | undefined;
  /**
   * Where the record in hand is: in a stage behind an exchange, the source record that the value in hand came
   * from. `undefined` for what is not of one record (results of windows, the passing of time), and
   * behind a second exchange.
   */
  readonly topic: string | undefined;
  readonly shard: number | undefined;
  readonly offset: number | undefined;
  /** By the clock, in milliseconds since 1970. */
  readonly sinceMs: number;
}

const DURING: Readonly<Record<Doing, UserCall['during']>> = {
  [DOING.record]: 'record',
  [DOING.resumed]: 'record',
  [DOING.clock]: 'clock',
  [DOING.sink]: 'sink',
  [DOING.snapshot]: 'snapshot',
};

/** Where a record is; nothing for what is not of one. */
type Place = Pick<UserCall, 'topic' | 'shard' | 'offset'>;
const NOWHERE: Place = { topic: undefined, shard: undefined, offset: undefined };

/** What a task is at, of which the words that it shares tell only a part. */
export function callInHand(
  plan: Plan,
  task: TaskPlan,
  work: WorkInHand,
  sinceMs: number,
): UserCall {
  const during = DURING[work.doing];
  const place = during === 'record' ? placeOf(plan, task, work) : NOWHERE;
  return { during, step: undefined, ...place, sinceMs };
}

/** A call of `mapAsync`, as a task of `sourceTopic` or of a later stage sees it. */
export function pendingCall(call: PendingCall, sourceTopic: string | undefined): UserCall {
  const { step, sinceMs, shard, offset } = call;
  const topic = call.topic || sourceTopic;
  const place = topic === undefined || offset < 0 ? NOWHERE : { topic, shard, offset };
  return { during: 'async', step, ...place, sinceMs };
}

/** The topic that a task reads, where it is one of a source. */
export function topicOf(plan: Plan, { stage }: TaskPlan): string | undefined {
  const [input] = plan.stages[stage].inputs;
  return input.kind === 'source' ? input.topic : undefined;
}

/** What a task is at, or what is under way for it, in a sentence without its end. */
export function describeCall(plan: Plan, task: TaskPlan, call: UserCall): string {
  const who = `task ${task.id} (stage ${task.stage}, processor ${task.processor})`;
  const since = `since ${new Date(call.sinceMs).toISOString()} by the clock`;
  if (call.step !== undefined) {
    return `A call of "${call.step}" in ${who} for ${recordText(call)} has been under way ${since}`;
  }
  const names = plan.stages[task.stage].nodes.map(node => `"${plan.steps[node].name}"`);
  const steps =
    names.length === 1 ? `its step ${names[0]}` : `one of its steps ${names.join(', ')}`;
  return `T${who.slice(1)} has been at ${workText(call)} ${since}, in ${steps}`;
}

function workText(call: UserCall): string {
  switch (call.during) {
    case 'clock':
      return 'a timer or a result of mapAsync';
    case 'sink':
      return 'a call of a sink outside';
    case 'snapshot':
      return 'a snapshot of its state';
    default:
      return recordText(call);
  }
}

function recordText({ topic, shard, offset }: UserCall): string {
  return topic === undefined
    ? 'what is not of one record (time, or a result of a step before)'
    : `the record at offset ${offset} of shard ${shard} of "${topic}"`;
}

function placeOf(plan: Plan, task: TaskPlan, { doing, input, offset, frame }: WorkInHand): Place {
  const own = topicOf(plan, task);
  if (own !== undefined) {
    // A record that suspended its task has been read.
    const at = doing === DOING.resumed ? offset - 1 : offset;
    return { topic: own, shard: task.index, offset: at };
  }
  const from = plan.channels.filter(({ to }) => to === task.id)[input]?.from;
  const isTaken = frame !== 0 || doing === DOING.resumed;
  if (from === undefined || offset < 0 || !isTaken) return NOWHERE;
  const topic = topicOf(plan, plan.tasks[from]);
  return topic === undefined ? NOWHERE : { topic, shard: plan.tasks[from].index, offset };
}
