import type { Section } from '../state/snapshot.ts';

/** The state of one step in one task. */
export interface StepSnapshot {
  /** The step's name; '' for what the task keeps itself: its times and inputs. */
  readonly step: string;
  /** What kind of step wrote it; another kind cannot read it. */
  readonly kind: string;
  readonly sections: readonly Section[];
  /**
   * How many of the step's last snapshots it takes to restore it, this one included: 1 when this one
   * is whole. In an epoch that is committed they all stand, in order.
   */
  readonly layers: number;
}

/** How far a source has been read: everything below `position` is in the snapshot or before it. */
export interface SourcePosition {
  readonly topic: string;
  readonly shard: number;
  readonly position: number;
}

/**
 * What one task was when the barrier of an epoch stood before its next input. Plain data: it crosses
 * threads, and is written to disk, as it is. Keyed state lies in sections by key group, so that
 * another number of tasks can take it up.
 */
export interface TaskSnapshot {
  /** The stage's first step: what the stage is known by in another plan. */
  readonly stage: string;
  /** The number of the task in its stage, and how many there were. */
  readonly index: number;
  readonly tasks: number;
  /** Whether all its input had ended, and nothing is left to do for it. */
  readonly ended: boolean;
  readonly source: SourcePosition | undefined;
  readonly steps: readonly StepSnapshot[];
  /** What the epoch gave to topics, of a pipeline that appends it only once the epoch is committed. */
  readonly outputs: readonly OutputSnapshot[];
  /** What the epoch gave to systems outside. */
  readonly deliveries: readonly DeliverySnapshot[];
}

/** The output of one task to one topic in one epoch. */
export interface OutputSnapshot {
  readonly topic: string;
  /** Marks the records in the topic's shards, wherever they are appended; one of its own for each. */
  readonly token: number;
  readonly shards: readonly ShardOutput[];
}

export interface ShardOutput {
  readonly shard: number;
  /** None of it stands in the shard before this offset. */
  readonly from: number;
  readonly records: number;
  /** The encoded records, one after the other. */
  readonly bytes: Uint8Array;
}

/** Which batches these are: a token but for the number of the batch. */
export interface BatchOrigin {
  readonly pipeline: string;
  readonly sink: string;
  /** The number in its plan of the task that gave them. */
  readonly task: number;
  readonly lineage: string;
  readonly epoch: number;
}

/** What one task gave to one sink outside in one epoch. */
export interface DeliverySnapshot {
  /** As it was when the results were given, whatever has changed since. */
  readonly origin: BatchOrigin;
  /** What the values are encoded by. */
  readonly serde: string;
  /** Results in a batch; the last one may have fewer. */
  readonly maxBatch: number;
  readonly records: number;
  /** The encoded records, one after the other. */
  readonly bytes: Uint8Array;
}

/** Everything that was in the state of a pipeline at the barrier of an epoch. */
export interface Epoch {
  readonly pipeline: string;
  /** Rises. What was begun under a number and not committed is void, also when it is used again. */
  readonly epoch: number;
  /** The run of epochs that it is of: numbers of different ones say nothing of each other. */
  readonly lineage: string;
  readonly tasks: readonly TaskSnapshot[];
}

/**
 * A snapshot that can be restored by itself: before a step that has written only what changed stand the
 * snapshots of it that are needed beside, taken over from the epoch before.
 */
export function completed(snapshot: TaskSnapshot, before: Epoch | undefined): TaskSnapshot {
  if (snapshot.steps.every(({ layers }) => layers === 1)) return snapshot;
  const same = before?.tasks.find(
    ({ stage, index }) => stage === snapshot.stage && index === snapshot.index,
  );
  const steps = snapshot.steps.flatMap(step => {
    if (step.layers === 1) return [step];
    const earlier = same?.steps.filter(one => one.step === step.step) ?? [];
    const first = earlier.length - step.layers + 1;
    if (first < 0) throw new Error(`"${step.step}" goes on from a snapshot that no epoch has`);
    return [...earlier.slice(first), step];
  });
  return { ...snapshot, steps };
}
