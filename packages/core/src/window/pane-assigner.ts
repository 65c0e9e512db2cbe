import { KeyedPane } from './keyed-pane.ts';
import type { SlidingAssigner } from './sliding.ts';

/** Not frozen: the engine knows frozen lists apart, and loops over either kind would be slower. */
const NO_PANES: readonly KeyedPane[] = [];

/** The panes that a value goes into, found or new. One object, reused. */
export class Targets {
  count = 0;
  readonly panes: KeyedPane[] = [];
  /** Whether a pane is not among those of its key yet. */
  readonly isNew: boolean[] = [];
  /** Of a session: the edges that it has with the value, and the session that it takes in. */
  start = 0;
  end = 0;
  absorbed: KeyedPane | undefined = undefined;
  merging = false;
  /** Whether the value has windows at all, late ones included. */
  assigned = false;

  clear(): void {
    this.count = 0;
    this.absorbed = undefined;
    this.merging = false;
    this.assigned = false;
  }

  add(pane: KeyedPane, isNew: boolean): void {
    this.panes[this.count] = pane;
    this.isNew[this.count++] = isNew;
  }
}

/** Which windows of its key a value goes into. Changes nothing but `targets`. */
export interface PaneAssigner {
  /** Whether panes grow and merge: they stay, even empty, as long as their window does. */
  readonly merges: boolean;
  /** A window is late, and gone, when its end − 1 + `allowedLateness` ≤ `watermark`. */
  assign(
    panes: readonly KeyedPane[] | undefined,
    key: unknown,
    timestamp: number,
    watermark: number,
    targets: Targets,
  ): void;
}

/** Tumbling and hopping windows. */
export class SlidingPanes implements PaneAssigner {
  readonly merges = false;
  private readonly assigner: SlidingAssigner;
  private readonly allowedLateness: number;
  private readonly starts: number[] = [];

  constructor(assigner: SlidingAssigner, allowedLateness: number) {
    this.assigner = assigner;
    this.allowedLateness = allowedLateness;
  }

  assign(
    panes: readonly KeyedPane[] = NO_PANES,
    key: unknown,
    timestamp: number,
    watermark: number,
    targets: Targets,
  ): void {
    const { assigner, starts } = this;
    const count = assigner.assign(timestamp, starts);
    targets.clear();
    targets.assigned = count > 0;
    for (let i = 0; i < count; i++) {
      const start = starts[i];
      const end = start + assigner.size;
      if (end - 1 + this.allowedLateness <= watermark) continue;
      const known = startingAt(panes, start);
      targets.add(known ?? new KeyedPane(key, start, end), known === undefined);
    }
  }
}

function startingAt(panes: readonly KeyedPane[], start: number): KeyedPane | undefined {
  for (let i = panes.length - 1; i >= 0; i--) if (panes[i].start === start) return panes[i];
  return undefined;
}

/**
 * Sessions: windows `[timestamp, timestamp + gap)`, merged with all that they touch. Two of a key lie
 * apart and each is at least one gap long, so that a value touches two at most.
 */
export class SessionPanes implements PaneAssigner {
  readonly merges = true;
  private readonly gap: number;
  private readonly allowedLateness: number;

  constructor(gapMs: number, allowedLateness: number) {
    this.gap = gapMs;
    this.allowedLateness = allowedLateness;
  }

  assign(
    panes: readonly KeyedPane[] = NO_PANES,
    key: unknown,
    timestamp: number,
    watermark: number,
    targets: Targets,
  ): void {
    targets.clear();
    targets.assigned = true;
    const ownEnd = timestamp + this.gap;
    let start = timestamp;
    let end = ownEnd;
    let first: KeyedPane | undefined;
    for (let i = 0; i < panes.length; i++) {
      const pane = panes[i];
      if (pane.start > ownEnd || pane.end < timestamp) continue;
      if (pane.start < start) start = pane.start;
      if (pane.end > end) end = pane.end;
      if (first === undefined) first = pane;
      else if (first.start < pane.start) targets.absorbed = pane;
      else {
        targets.absorbed = first;
        first = pane;
      }
    }
    // The merged session is what is tested: one that lives is never late.
    if (end - 1 + this.allowedLateness <= watermark) return;
    targets.merging = true;
    targets.start = start;
    targets.end = end;
    targets.add(first ?? new KeyedPane(key, start, end), first === undefined);
  }
}

/** One window per key without edges: global windows, and those of so many values. */
export class SinglePane implements PaneAssigner {
  readonly merges = false;

  assign(
    panes: readonly KeyedPane[] = NO_PANES,
    key: unknown,
    _timestamp: number,
    _watermark: number,
    targets: Targets,
  ): void {
    targets.clear();
    targets.assigned = true;
    const known = panes[0];
    const pane = known ?? new KeyedPane(key, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    targets.add(pane, known === undefined);
  }
}
