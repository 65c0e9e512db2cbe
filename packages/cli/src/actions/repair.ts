import { inspectDirectory, repairDirectory } from '@lite-streams/workers/internal';
import type { RepairOptions } from '../commands/repair.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { writeLines } from '../output/lines.ts';
import { count, plural } from '../render/numbers.ts';
import { damageLine } from './inspect.ts';

/** Makes damaged logs in a directory open again. */
export async function repair(directory: string, options: RepairOptions): Promise<ExitCode> {
  const lines = options.dryRun === true ? foresee(directory) : mend(directory);
  await writeLines(lines);
  return EXIT.ok;
}

function foresee(directory: string): string[] {
  const damages = inspectDirectory(directory).flatMap(log => log.damages);
  return damages.length === 0 ? ['nothing to repair'] : damages.map(damageLine);
}

function mend(directory: string): string[] {
  const lines: string[] = [];
  for (const { lost, rewritten, copies, endOffset, directory: log } of repairDirectory(directory)) {
    if (lost.length === 0 && rewritten.length === 0) continue;
    lines.push(
      `${log}: ${plural(rewritten.length, 'segment')} written anew, ends at offset ${count(endOffset)}`,
    );
    for (const { from, to } of lost) lines.push(`  lost: offsets ${count(from)} to ${count(to)}`);
    for (const copy of copies) lines.push(`  as it was: ${copy}`);
  }
  return lines.length === 0 ? ['nothing to repair'] : lines;
}
