import { relative } from 'node:path';
import { type Damage, inspectDirectory, type LogInspection } from '@lite-streams/workers/internal';
import type { InspectOptions } from '../commands/inspect.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { writeLines } from '../output/lines.ts';
import { bytes, count, plural } from '../render/numbers.ts';
import { type Style, styleFor } from '../render/style.ts';
import { table } from '../render/table.ts';

/** Shows what the logs in a directory hold. */
export async function inspect(directory: string, options: InspectOptions): Promise<ExitCode> {
  const logs = inspectDirectory(directory);
  const style = styleFor(process.stdout);
  const lines = options.json === true ? logs.map(asJson) : describe(directory, logs, style);
  await writeLines(lines);
  return logs.some(({ damages }) => damages.length > 0) ? EXIT.failure : EXIT.ok;
}

function asJson(log: LogInspection): string {
  const segments = log.segments.map(({ frames, ...rest }) => ({ ...rest, frames: frames.length }));
  return JSON.stringify({ ...log, segments });
}

function describe(directory: string, logs: readonly LogInspection[], style: Style): string[] {
  const rows = logs.map(log => {
    const { firstOffset, endOffset, durableOffset, segments, damages, tornBytes } = log;
    const sum = (of: (segment: LogInspection['segments'][number]) => number): number =>
      segments.reduce((total, segment) => total + of(segment), 0);
    const isSound = damages.length === 0;
    const torn = tornBytes > 0 ? `sound, ${plural(tornBytes, 'byte')} torn at its end` : 'sound';
    return [
      relative(directory, log.directory) || '.',
      `${count(firstOffset)} to ${count(endOffset)}`,
      count(durableOffset),
      count(sum(segment => segment.records)),
      count(segments.length),
      bytes(sum(segment => segment.bytes)),
      isSound ? torn : style('red', plural(damages.length, 'damage')),
    ];
  });
  const columns = [
    { title: 'log' },
    { title: 'offsets', align: 'right' },
    { title: 'durable to', align: 'right' },
    { title: 'records', align: 'right' },
    { title: 'segments', align: 'right' },
    { title: 'size', align: 'right' },
    { title: 'condition' },
  ] as const;
  return [...table(columns, rows, style), ...logs.flatMap(log => log.damages).map(damageLine)];
}

/** Where a damage is and what it costs. */
export function damageLine({ path, position, what, lostFrom, lostTo }: Damage): string {
  const lost =
    lostTo > lostFrom
      ? `: offsets ${count(lostFrom)} to ${count(lostTo)} are lost`
      : ', nothing is lost';
  return `${path}, byte ${count(position)}: ${what}${lost}`;
}
