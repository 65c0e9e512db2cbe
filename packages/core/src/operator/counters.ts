/**
 * What became of every record. Nothing disappears: at rest, over all tasks of a job,
 *
 * `in + expanded + fired =
 *   out + filtered + duplicates + late + unassigned + windowed + joined + processed + deadLetters`
 *
 * and a pipeline of `map` and `filter` has `in = out + filtered + deadLetters`.
 */
export interface RecordCounts {
  /** Data records read from the sources. */
  in: number;
  /** Records appended to the output topics. */
  out: number;
  /** Values that `filter` turned away, that no route of `split` wanted, or for which `flatMap` gave nothing. */
  filtered: number;
  /** Values that `dedupe` turned away. */
  duplicates: number;
  /** Values that `flatMap`, `fork` and a broadcast made beyond one for each value they took. */
  expanded: number;
  /** Values that came after each of their windows was closed; also sent to `lateTo` if given. */
  late: number;
  /** Values between the windows of a hopping window whose slide is larger than its size. */
  unassigned: number;
  /** Values taken into at least one window. */
  windowed: number;
  /** Values taken into a join, by either side. */
  joined: number;
  /** Values that `process` has taken. */
  processed: number;
  /** Results that windows, joins and `process` made, and calls of theirs that ended as dead letters. */
  fired: number;
  /** Records and results that user code or encoding refused for good. */
  deadLetters: number;
}

export function noCounts(): RecordCounts {
  return {
    in: 0,
    out: 0,
    filtered: 0,
    duplicates: 0,
    expanded: 0,
    late: 0,
    unassigned: 0,
    windowed: 0,
    joined: 0,
    processed: 0,
    fired: 0,
    deadLetters: 0,
  };
}

export const COUNT_NAMES = Object.freeze(
  Object.keys(noCounts()),
) as readonly (keyof RecordCounts)[];

/** Adds `counts` to `sum`. */
export function addCounts(sum: RecordCounts, counts: RecordCounts): void {
  for (const name of COUNT_NAMES) sum[name] += counts[name];
}

/**
 * Records that came in and are not accounted for yet: 0 at rest, of tasks that have counted from the
 * beginning.
 */
export function unaccounted(counts: RecordCounts): number {
  const made = counts.in + counts.expanded + counts.fired;
  const refused = counts.filtered + counts.duplicates + counts.late + counts.unassigned;
  const taken = counts.windowed + counts.joined + counts.processed;
  return made - counts.out - refused - taken - counts.deadLetters;
}
