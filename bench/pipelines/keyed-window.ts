// What the keyed-window bench runs: events exchanged by key, counted per key and second of event time.

import { json, pipeline, records, tumbling } from 'lite-streams';

/** Events of one key in one window. */
export interface KeyCount {
  readonly key: string;
  readonly start: number;
  readonly count: number;
}

export default pipeline('keyed-window')
  .from('events', records())
  .keyBy(record => record.key ?? '')
  .window(tumbling('1s'))
  .aggregate({
    create: () => ({ count: 0 }),
    add: window => {
      window.count++;
      return window;
    },
    result: ({ count }, { key, window }): KeyCount => ({ key, start: window.start, count }),
  })
  .to('counts', json<KeyCount>());
