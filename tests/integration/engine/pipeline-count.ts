import { monotonic, pipeline, text, tumbling } from '@lite-streams/core';

/** With state: how many records each key has in each second. */
export default pipeline('count')
  .from('in', text(), { watermark: monotonic() })
  .keyBy((_value, { key }) => key ?? '')
  .window(tumbling('1s'))
  .aggregate({ create: () => 0, add: sum => sum + 1, result: sum => String(sum) })
  .to('counts', text());
