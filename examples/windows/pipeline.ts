import { boundedOutOfOrderness, json, pipeline, tumbling } from 'lite-streams';

export interface Reading {
  readonly sensor: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly degrees: number;
}

export interface Minute {
  readonly sensor: string;
  readonly start: number;
  readonly readings: number;
  readonly highest: number;
}

/** The highest temperature of each sensor and minute; readings may come ten seconds out of order. */
export default pipeline('temperatures')
  .from('readings', json<Reading>(), {
    timestamp: reading => reading.at,
    watermark: boundedOutOfOrderness('10s'),
  })
  .keyBy(reading => reading.sensor)
  .window(tumbling('1m'), { lateTo: 'late-readings' })
  .aggregate({
    create: () => ({ readings: 0, highest: Number.NEGATIVE_INFINITY }),
    add: ({ readings, highest }, { degrees }) => ({
      readings: readings + 1,
      highest: Math.max(highest, degrees),
    }),
    result: (minute, { key, window }): Minute => ({ sensor: key, start: window.start, ...minute }),
  })
  .to('minutes', json());
