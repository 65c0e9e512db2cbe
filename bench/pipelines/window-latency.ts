// What the window-latency bench runs: events counted per key in short windows of event time.

import { count, pipeline, records, table, tumbling } from 'lite-streams';
import { WINDOW_MS } from '../latency/paced-windows.ts';
import { SENSOR_AT } from '../throughput/reading.ts';

export default pipeline('window-latency')
  .from('paced', records())
  .keyBy(record => record.valueInt32(SENSOR_AT))
  .window(tumbling(WINDOW_MS))
  .aggregate(count())
  .map((readings, { key, timestamp }) => ({ sensor: key, readings, end: timestamp + 1 }))
  .to('windows', table('Window', { sensor: 'int', readings: 'int', end: 'double' }));
