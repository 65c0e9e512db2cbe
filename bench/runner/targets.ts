import type { TargetResult } from './report.ts';

/** What a figure should reach. */
export interface Target {
  /** The series it is about. */
  readonly of: string;
  /** The series, or benchmark of the reference, whose value the figure is divided by. */
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Holds only on machines of at least, or of fewer than, so many cores. */
  readonly coresMin?: number;
  readonly coresBelow?: number;
}

// biome-ignore format: a table, one row per target
export const TARGETS: readonly Target[] = [
  { of: 'append',                against: 'Broker_AppendRecord',     atMost: 1.0 },
  { of: 'producer-send',         against: 'Broker_ChannelIngestion', atMost: 0.35 },
  { of: 'latest-100',            against: 'Broker_GetRecords',       atMost: 1.0 },
  { of: 'process',               against: 'Processor_Process',       atMost: 1.0 },
  { of: 'process-window-1000',   against: 'Processor_ProcessWindow', atMost: 0.1 },
  { of: 'pipe-1x1-16B',          atLeast: 10e6 },
  { of: 'pipe-1x1-16B',          against: 'post-message-object',     atLeast: 20 },
  { of: 'pipe-1x1-16B',          against: 'post-message-array',      atLeast: 2.5 },
  { of: 'pipe-2x2-16B',          against: 'pipe-1x1-16B',            atLeast: 0.8, coresBelow: 8 },
  { of: 'pipe-2x2-16B',          against: 'pipe-1x1-16B',            atLeast: 1.7, coresMin: 8 },
  { of: 'pipe-1x1-200B',         atLeast: 1.5 },
  { of: 'hopping-fanout',        against: 'hopping-fanout-tumbling', atMost: 2 },
  { of: 'keyed-window',          atLeast: 3e6 },
  { of: 'latency-100k-p50',      atMost: 100 },
  { of: 'latency-100k-p99',      atMost: 2000 },
  { of: 'state-1M-keys-values',       atMost: 200 },
  { of: 'state-1M-keys-values-pause', atMost: 50 },
  { of: 'state-1M-keys-window',       atMost: 200 },
  { of: 'state-1M-keys-window-pause', atMost: 50 },
  { of: 'checkpoint-cost',       against: 'checkpoint-cost-without', atLeast: 0.9 },
  { of: 'checkpoint-cost-pause', atMost: 50 },
  { of: 'durable-os',            against: 'pipe-1x1-100B',           atLeast: 0.5 },
  { of: 'durable-disk',          against: 'durable-disk-goal',       atLeast: 1 },
  { of: 'disk-ack-latency',      against: 'disk-ack-latency-bare',   atMost: 2 },
  { of: 'replay',                atLeast: 0.5 },
  { of: 'tail-latency-p99',      atMost: 20 },
  { of: 'log-append',            atLeast: 0.3 },
  { of: 'log-replay',            atLeast: 0.5 },
  { of: 'recovery',              atLeast: 0.5 },
  { of: 'window-latency-p99',    atMost: 5 },
  { of: 'idle-cpu',              atMost: 1 },
  { of: 'start-ms',              atMost: 150 },
  { of: 'rss-steady',            atMost: 110 },
];

/** The targets of a figure on a machine of `cores` cores, and which of them it meets. */
export function judge(
  name: string,
  value: number,
  ratios: Readonly<Record<string, number>>,
  cores: number,
): TargetResult[] {
  return TARGETS.filter(
    target =>
      target.of === name &&
      cores >= (target.coresMin ?? 0) &&
      cores < (target.coresBelow ?? Number.POSITIVE_INFINITY),
  ).map(target => {
    const measured = target.against === undefined ? value : ratios[target.against];
    const text = targetText(target);
    return measured === undefined ? { text } : { text, met: meets(target, measured) };
  });
}

function meets(target: Target, measured: number): boolean {
  return (
    measured <= (target.atMost ?? Number.POSITIVE_INFINITY) &&
    measured >= (target.atLeast ?? Number.NEGATIVE_INFINITY)
  );
}

function targetText(target: Target): string {
  const bound = target.atMost ?? target.atLeast ?? Number.NaN;
  const sign = target.atMost === undefined ? '≥' : '≤';
  if (target.against !== undefined) return `${sign} ${bound} × ${target.against}`;
  return `${sign} ${bound >= 1e6 ? `${bound / 1e6} M` : bound}`;
}
