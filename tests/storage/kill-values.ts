/** The log of the writer that is killed: small segments, so that it is also killed while it changes them. */
export const WRITER_LOG = { shard: 1, identity: 9, segmentBytes: 256 * 1024 };

/** Keys follow each other in turn, so that compaction may leave out an offset once there is one so much later. */
export const KEYS = 500;

/** What must stand at an offset. */
export function valueAt(offset: number): string {
  return `${offset}:`.padEnd(20 + ((offset * 7919) % 180), String(offset % 10));
}
