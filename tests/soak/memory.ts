import { parseArgs } from 'node:util';
import type { Slope } from './slope.ts';

const MIB = 1024 * 1024;

/**
 * Blocks from here on are given back to the system when they are freed. Unless it is set, glibc moves the
 * mark up to 32 MiB as larger ones are freed; from then on threads keep what they free for the next ones in
 * up to eight arenas for each core. That is bounded, but takes long to fill, and hides what is really held.
 */
const MMAP_THRESHOLD = { MALLOC_MMAP_THRESHOLD_: '131072' };

/**
 * What Node.js is started with. V8 lets the young generation of a busy thread grow to 64 MiB in each half, step by
 * step and over minutes, before it is emptied as often as it fills: bounded too, and no more held.
 */
export const NODE_OPTIONS = ['--expose-gc', '--max-semi-space-size=8'];

/** What to add to the environment, by the arguments of the soak: with `--malloc default`, nothing. */
export function mallocOf(args: readonly string[]): NodeJS.ProcessEnv {
  const options = { malloc: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options, strict: false });
  return values.malloc === 'default' ? {} : MMAP_THRESHOLD;
}

/** Bytes in memory, without what is garbage on this thread: V8 lets it grow for minutes before it looks. */
export function heldBytes(): number {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  return process.memoryUsage.rss();
}

export function describeMemory(memory: Slope, killsPerSecond: number): string {
  const { mean, perSecond, error, seconds } = memory;
  const perMinute = (bytes: number) => ((bytes * 60) / MIB).toFixed(2);
  const perKill = Math.round(perSecond / killsPerSecond / 1024);
  return (
    `memory ${Math.round(mean / MIB)} MiB, slope ${perMinute(perSecond)} ± ${perMinute(error)} MiB per ` +
    `minute over the last ${Math.round(seconds)} s${killsPerSecond > 0 ? `, ${perKill} KiB per kill` : ''}`
  );
}
