import { fail, shown } from '../errors.ts';
import { RecordView } from '../record/view.ts';
import { CopiedRun } from '../shard/copied-run.ts';
import type { TopicHistory } from '../shard/history.ts';
import { earliest, type Retention } from '../shard/retention.ts';
import type { Shard } from '../shard/shard.ts';
import { SlotRun } from '../shard/slot-run.ts';
import type { TopicOptions } from './options.ts';

/**
 * Where to read from: the oldest retained record, the end, an offset, or the first record in the log
 * whose timestamp is at or after one (Kafka's `offsetsForTimes`).
 */
export type StartFrom = 'earliest' | 'latest' | { offset: number } | { timestamp: number };

/** What to do where an offset is not in the log any more (or not yet). */
export type OutOfRange = 'error' | 'earliest' | 'latest';
export const OUT_OF_RANGE: readonly OutOfRange[] = ['error', 'earliest', 'latest'];

/** The offset that `from` means in a shard now. Throws `OFFSET_OUT_OF_RANGE`. */
export function startOffset(
  shard: Shard,
  from: StartFrom,
  options: TopicOptions,
  onOutOfRange: OutOfRange = 'error',
  history?: TopicHistory,
): number {
  if (from === 'latest') return shard.offsetOf(shard.published());
  const oldest = earliestOffset(shard, options);
  if (from === 'earliest') return oldest;
  if (from !== null && typeof from === 'object') {
    if ('offset' in from) return knownOffset(shard, from.offset, oldest, onOutOfRange);
    if ('timestamp' in from && Number.isFinite(from.timestamp)) {
      const onDisk = shard.durable ? history?.shard(shard.number) : undefined;
      const found = onDisk?.offsetOfTimestamp(from.timestamp) ?? -1;
      onDisk?.close();
      if (found >= 0) return found;
      const inRing = earliest(shard, ringRetention(shard, options));
      return shard.offsetOf(timestampSequence(shard, from.timestamp, inRing));
    }
  }
  return fail(
    'INVALID_OPTION',
    `from is ${shown(from)}; it must be "earliest", "latest", {offset} or {timestamp}.`,
  );
}

/** The oldest offset that a new reader may begin at: on disk where the shard has a log. */
export function earliestOffset(shard: Shard, options: TopicOptions): number {
  if (shard.durable) return shard.logStart();
  return shard.offsetOf(earliest(shard, ringRetention(shard, options)));
}

/** A durable shard's retention is that of its log. */
export function ringRetention(shard: Shard, options: TopicOptions): Retention {
  if (shard.durable) return {};
  return { records: options.retentionRecords, bytes: options.retentionBytes };
}

function knownOffset(shard: Shard, offset: number, from: number, policy: OutOfRange): number {
  const end = shard.offsetOf(shard.published());
  if (Number.isSafeInteger(offset) && offset >= from && offset <= end) return offset;
  if (policy === 'earliest') return from;
  if (policy === 'latest') return end;
  return fail(
    'OFFSET_OUT_OF_RANGE',
    `The offset ${String(offset)} is not in shard ${shard.number}, which holds ${from} to ${end} ` +
      '(the end may be read from); onOutOfRange can say where to begin instead.',
  );
}

const SCAN_SLOTS = 1_024;

function timestampSequence(shard: Shard, timestamp: number, oldest: number): number {
  const run = new SlotRun(shard);
  const copied = new CopiedRun(shard);
  const view = new RecordView();
  try {
    const end = shard.published();
    let sequence = oldest;
    while (((end - sequence) | 0) > 0) {
      const count = Math.min(SCAN_SLOTS, (end - sequence) | 0);
      const lost = copied.take(sequence, count, run);
      for (let i = 0; i < run.count; i++) {
        if (run.kind(i) === 0 && run.view(i, view).timestamp >= timestamp) {
          return (sequence + lost + i) | 0;
        }
      }
      sequence = (sequence + count) | 0;
    }
    return end;
  } finally {
    copied.close();
  }
}
