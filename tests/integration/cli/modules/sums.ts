// Sums by key and second; refuses the unlucky number.

import { json, pipeline, tumbling } from 'lite-streams';

interface Reading {
  readonly sensor: string;
  readonly at: number;
  readonly value: number;
}

export default pipeline('sums')
  .from<Reading>('readings', json(), { timestamp: reading => reading.at })
  .filter(reading => {
    if (reading.value === 13) throw new Error('unlucky');
    return true;
  })
  .keyBy(reading => reading.sensor)
  .window(tumbling('1s'))
  .aggregate({
    create: () => ({ sum: 0 }),
    add: (total, reading) => ({ sum: total.sum + reading.value }),
    result: ({ sum }, { key, window }) => ({ sensor: key, start: window.start, sum }),
  })
  .to('sums', json());
