import { count, json, pipeline, tumbling } from '@lite-streams/core';

/** How many values came in each 20 ms of the clock. */
export default pipeline('clocked')
  .from('in', json<number>())
  .window(tumbling(20), { time: 'processing' })
  .aggregate(count())
  .to('counts', json());
