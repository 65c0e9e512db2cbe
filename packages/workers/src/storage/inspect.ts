import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { MARKS_NAME, type MarkValues, readMarks } from './marks.ts';
import { listSegments, segmentPath } from './segment.ts';
import { type Damage, type SegmentSurvey, surveySegment } from './survey.ts';

/** What can be seen of the log of a shard without changing anything. */
export interface LogInspection {
  readonly directory: string;
  /** `undefined` when the file is missing or neither of its sectors is whole. */
  readonly marks: MarkValues | undefined;
  readonly segments: readonly SegmentSurvey[];
  /** Segments that are no part of the log any more; the next writer removes them. */
  readonly leftovers: readonly string[];
  readonly firstOffset: number;
  readonly endOffset: number;
  /** Everything below was on stable storage, as far as can be told. */
  readonly durableOffset: number;
  /** Bytes behind the last whole frame that nobody was told were durable: the next writer cuts them. */
  readonly tornBytes: number;
  /** What a writer would refuse to open. */
  readonly damages: readonly Damage[];
}

/** The directories at or below `directory` that hold the log of a shard, in order. */
export function findLogs(disk: Disk, directory: string): string[] {
  const names = disk.readDirectory(directory).sort();
  const isLog = names.includes(MARKS_NAME) || listSegments(disk, directory).length > 0;
  const below = names
    .map(name => join(directory, name))
    .filter(path => disk.stat(path)?.isDirectory === true)
    .flatMap(path => findLogs(disk, path));
  return isLog ? [directory, ...below] : below;
}

/** Reads all of a log, past whatever is damaged. Throws `STORAGE_MISMATCH` for another format version. */
export function inspectLog(disk: Disk, directory: string): LogInspection {
  const marks = readMarks(disk, join(directory, MARKS_NAME));
  const start = marks?.startOffset ?? 0;
  const firsts = listSegments(disk, directory);
  const segments: SegmentSurvey[] = [];
  const leftovers: string[] = [];
  for (const [index, first] of firsts.entries()) {
    const path = segmentPath(directory, first);
    const before = segments.at(-1);
    const isMerged = before?.isSealed === true && first < before.endOffset;
    if (isMerged || (firsts[index + 1] ?? Number.POSITIVE_INFINITY) <= start) leftovers.push(path);
    else segments.push(survey(disk, path, first));
  }
  const last = segments.at(-1);
  const endOffset = last?.endOffset ?? start;
  const durableOffset = Math.max(marks?.durableOffset ?? 0, last?.durableOffset ?? 0);
  const damages = segments.flatMap(segment => segment.damages);
  damages.push(...gaps(directory, segments, marks));
  const tail = last?.tailBytes ?? 0;
  if (durableOffset > endOffset) {
    damages.push({
      path: last?.path ?? directory,
      position: (last?.bytes ?? 0) - tail,
      bytes: tail,
      what: 'the end is damaged or missing',
      lostFrom: endOffset,
      lostTo: durableOffset,
    });
  }
  return {
    directory,
    marks,
    segments,
    leftovers,
    firstOffset: segments[0]?.firstOffset ?? start,
    endOffset,
    durableOffset,
    tornBytes: durableOffset > endOffset ? 0 : tail,
    damages,
  };
}

function survey(disk: Disk, path: string, firstOffset: number): SegmentSurvey {
  const file = disk.openFile(path, 'read');
  try {
    return surveySegment(file, firstOffset);
  } finally {
    file.close();
  }
}

/** What is missing between segments, or before the first one. */
function gaps(
  directory: string,
  segments: readonly SegmentSurvey[],
  marks: MarkValues | undefined,
): Damage[] {
  const found: Damage[] = [];
  const [first] = segments;
  if (first !== undefined && marks !== undefined && first.firstOffset > marks.startOffset) {
    const [lostFrom, lostTo] = [marks.startOffset, first.firstOffset];
    const what = 'segments are missing before the first one';
    found.push({ path: directory, position: 0, bytes: 0, what, lostFrom, lostTo });
  }
  for (let i = 0; i + 1 < segments.length; i++) {
    const { path, bytes, tailBytes, isSealed, endOffset } = segments[i];
    const next = segments[i + 1].firstOffset;
    if (isSealed && endOffset === next && tailBytes === 0) continue;
    const what = isSealed ? 'what follows it is missing' : 'its end is damaged or missing';
    const lostTo = Math.max(next, endOffset);
    const position = bytes - tailBytes;
    found.push({ path, position, bytes: tailBytes, what, lostFrom: endOffset, lostTo });
  }
  return found;
}
