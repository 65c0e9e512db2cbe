import {
  boundedOutOfOrderness,
  count,
  distinct,
  every,
  json,
  max,
  percentile,
  pipeline,
  session,
  where,
} from 'lite-streams';

export interface Click {
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly page: string;
  readonly tookMs: number;
}

/**
 * What a user did in one visit: clicks with no more than half an hour between them. A result comes
 * every five minutes of a visit in which there were clicks, and one at its end.
 */
export default pipeline('visits')
  .from('clicks', json<Click>(), {
    timestamp: click => click.at,
    watermark: boundedOutOfOrderness('1m'),
  })
  .keyBy(click => click.user)
  .window(session('30m'), { early: every('5m'), lateTo: 'late-clicks' })
  .aggregate({
    clicks: count(),
    pages: distinct(click => click.page),
    slow: where(click => click.tookMs > 1_000, count()),
    worstMs: max(click => click.tookMs),
    medianMs: percentile(50, click => click.tookMs),
  })
  .map((visit, { key }) => ({ user: key, ...visit, medianMs: Math.round(visit.medianMs) }))
  .to('visits', json());
