import type { SlowestDelivery } from '../delivery/delivery-sink.ts';
import type { Plan } from './plan.ts';
import type { TaskStats } from './task-stats.ts';
import { describeCall, topicOf } from './user-call.ts';

/**
 * Why the windows of a step are still open: how far time has come there, and which input it waits
 * for.
 */
export interface HeldTime {
  readonly step: string;
  readonly stage: number;
  /** The task of the step where time is furthest behind. */
  readonly task: number;
  /** What time it is there: a window is open until this has come to its end. */
  readonly watermark: number;
  /** Since when, by the clock, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** What it waits for: as a rule a producer of a shard of a topic; else `user code`, `the system outside`. */
  readonly by: string;
  /** How far that has come. */
  readonly at: number;
  /** How far the furthest of all inputs on the way has come. */
  readonly furthest: number;
  /** All of it in a sentence. */
  readonly text: string;
}

/** What a sink waits for. */
export const OUTSIDE = 'the system outside';
/** What a task waits for that is in a call, or behind one of `mapAsync`. */
export const USER_CODE = 'user code';

type Place = Pick<HeldTime, 'by' | 'at' | 'furthest'>;

/**
 * Follows the watermark of every step that keeps state (or of the one named `step`) from its slowest
 * task back to the producer that it waits for. Steps whose input has ended are left out. Before them
 * stand calls of user code that have gone on for long (of `mapAsync`: since before `longBeforeMs`), and
 * sinks outside that hold the pipeline back.
 */
export function whyHeld(
  plan: Plan,
  tasks: readonly TaskStats[],
  step: string | undefined,
  longBeforeMs: number,
): HeldTime[] {
  const held = tasks.flatMap(task => [
    ...heldByCalls(plan, task, step, longBeforeMs),
    ...heldBySink(task, step),
  ]);
  for (const stage of plan.stages) {
    const open = stage.tasks.map(id => tasks[id]).filter(({ done }) => !done);
    if (open.length === 0) continue;
    const slowest = open.reduce((a, b) => (b.watermark < a.watermark ? b : a));
    for (const node of stage.nodes) {
      const { name, stateful } = plan.steps[node];
      if (step === undefined ? stateful : step === name) {
        held.push(heldAt(name, slowest, rootOf(plan, tasks, slowest)));
      }
    }
  }
  return held;
}

/** A task that is in a call for long, or waits for one of `mapAsync`. */
function heldByCalls(
  plan: Plan,
  { task, stage, index, watermark, slowCall, oldestCall }: TaskStats,
  step: string | undefined,
  longBeforeMs: number,
): HeldTime[] {
  const names = plan.stages[stage].nodes.map(node => plan.steps[node].name);
  const isLong = oldestCall !== undefined && oldestCall.sinceMs <= longBeforeMs;
  return [slowCall, isLong ? oldestCall : undefined].flatMap(call => {
    if (call === undefined) return [];
    const name = call.step ?? (step !== undefined && names.includes(step) ? step : names[0]);
    if (step !== undefined && step !== name) return [];
    const { sinceMs } = call;
    const text = `${describeCall(plan, plan.tasks[task], call)}.`;
    const place = { by: USER_CODE, at: watermark, furthest: watermark };
    return [{ step: name, stage, task: index, watermark, sinceMs, ...place, text }];
  });
}

/** A task whose batch for a system outside has failed, or is what it reads nothing for. */
function heldBySink(stats: TaskStats, step: string | undefined): HeldTime[] {
  const { delivery, stage, index, watermark } = stats;
  const batch = delivery?.slowest;
  if (delivery === undefined || batch === undefined) return [];
  if (step !== undefined && step !== batch.sink) return [];
  if (batch.failures === 0 && !stats.atBarrier) return [];
  const { sink, sinceMs } = batch;
  const text = `${describeDelivery(stats.task, delivery.waiting, batch)}.`;
  const place = { by: OUTSIDE, at: watermark, furthest: watermark };
  return [{ step: sink, stage, task: index, watermark, sinceMs, ...place, text }];
}

/** What keeps a system outside from taking a batch, in a sentence without its end. */
export function describeDelivery(
  task: number,
  waiting: number,
  { sink, sinceMs, failures, error }: SlowestDelivery,
): string {
  const calls = failures === 1 ? 'one call has' : `${failures} calls have`;
  const why = failures === 0 ? 'a call is under way' : `${calls} failed, the last with ${error}`;
  return (
    `The sink "${sink}" has not taken a batch of task ${task} since ${time(sinceMs)} by the clock, and ` +
    `${waiting} results wait: ${why}`
  );
}

function heldAt(step: string, stats: TaskStats, place: Place): HeldTime {
  const { stage, index, watermark, watermarkSinceMs: sinceMs } = stats;
  const ahead =
    place.furthest > place.at ? `; the furthest input is at ${time(place.furthest)}` : '';
  const text =
    `It is ${time(watermark)} in "${step}" (task ${index} of stage ${stage}), since ` +
    `${time(sinceMs)} by the clock: it waits for ${place.by}, which is at ${time(place.at)}${ahead}.`;
  return { step, stage, task: index, watermark, sinceMs, ...place, text };
}

/** Goes back from a task by the slowest input each time. */
function rootOf(plan: Plan, tasks: readonly TaskStats[], from: TaskStats): Place {
  let at = from;
  let furthest = Number.NEGATIVE_INFINITY;
  for (;;) {
    const { slowest, watermark } = at;
    const topic = topicOf(plan, plan.tasks[at.task]);
    const place =
      topic === undefined
        ? `task ${at.index} of stage ${at.stage}`
        : `shard ${at.index} of "${topic}"`;
    if (slowest === undefined) {
      const why = at.idle ? 'whose inputs are all idle' : 'which no producer has open';
      return { by: `${place}, ${why}`, at: watermark, furthest: Math.max(furthest, watermark) };
    }
    furthest = Math.max(furthest, slowest.furthest);
    if (topic !== undefined) {
      return { by: `producer ${slowest.input} on ${place}`, at: slowest.watermark, furthest };
    }
    at = tasks[slowest.input];
  }
}

function time(ms: number): string {
  if (ms === Number.NEGATIVE_INFINITY) return 'before all time';
  if (ms === Number.POSITIVE_INFINITY) return 'the end of time';
  return Math.abs(ms) <= MOST_DATE_MS ? new Date(ms).toISOString() : String(ms);
}

/** The furthest that a `Date` goes. */
const MOST_DATE_MS = 8.64e15;
