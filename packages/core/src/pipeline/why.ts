import type { Plan, TaskPlan } from './plan.ts';
import type { TaskStats } from './task.ts';

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
  /** What it waits for: as a rule a producer of a shard of a topic. */
  readonly by: string;
  /** How far that has come. */
  readonly at: number;
  /** How far the furthest of all inputs on the way has come. */
  readonly furthest: number;
  /** All of it in a sentence. */
  readonly text: string;
}

type Place = Pick<HeldTime, 'by' | 'at' | 'furthest'>;

/**
 * Follows the watermark of every step that keeps state (or of the one named `step`) from its slowest
 * task back to the producer that it waits for. Steps whose input has ended are left out.
 */
export function whyHeld(plan: Plan, tasks: readonly TaskStats[], step?: string): HeldTime[] {
  const held: HeldTime[] = [];
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
    const { topic } = sourceOf(plan, plan.tasks[at.task]);
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

function sourceOf(plan: Plan, { stage }: TaskPlan): { topic: string | undefined } {
  const [input] = plan.stages[stage].inputs;
  return { topic: input.kind === 'source' ? input.topic : undefined };
}

function time(ms: number): string {
  if (ms === Number.NEGATIVE_INFINITY) return 'before all time';
  if (ms === Number.POSITIVE_INFINITY) return 'the end of time';
  return Math.abs(ms) <= MOST_DATE_MS ? new Date(ms).toISOString() : String(ms);
}

/** The furthest that a `Date` goes. */
const MOST_DATE_MS = 8.64e15;
