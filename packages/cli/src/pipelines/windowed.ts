// The pipeline of `lite-streams consumer`. Every processor imports this module by a URL whose query
// says what the command line asked for.

import {
  boundedOutOfOrderness,
  json,
  pipeline,
  type RecordView,
  records,
  tumbling,
} from '@lite-streams/core';
import { SENT_HEADER } from '../generate/generator.ts';
import { addLatency, type LatencyCounts, noLatencies } from '../generate/latency.ts';
import { TRANSFORMS, type TransformName } from './transforms.ts';
import { parametersOf } from './windowed-parameters.ts';

/** What one key's records of one window came to. */
export interface WindowedResult {
  readonly key: string;
  /** The window `[start, end)`, in milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly count: number;
  /** The first values, transformed. */
  readonly values: readonly string[];
  /** From when records should have been sent until they were taken in here. */
  readonly latencies: LatencyCounts;
}

const { topic, output, windowMs, disorderMs, transform, values } = parametersOf(import.meta.url);
const transformed = TRANSFORMS[transform as TransformName];

export default pipeline('consumer')
  .from(topic, records(), { watermark: boundedOutOfOrderness(disorderMs) })
  .keyBy(record => record.key ?? '')
  .window(tumbling(windowMs))
  .aggregate({
    create: () => ({ count: 0, values: [] as string[], latencies: noLatencies() }),
    add: (window, record: RecordView) => {
      window.count++;
      if (window.values.length < values) window.values.push(transformed(record.text));
      const sentUs = record.header(SENT_HEADER);
      if (sentUs !== undefined) {
        const nowUs = (performance.timeOrigin + performance.now()) * 1_000;
        addLatency(window.latencies, nowUs - Number(sentUs));
      }
      return window;
    },
    result: (window, { key, window: { start, end } }): WindowedResult => ({
      key,
      start,
      end,
      ...window,
    }),
  })
  .to(output, json<WindowedResult>());
