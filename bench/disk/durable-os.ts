import { pipe } from '../throughput/pipe.ts';
import { Place } from './place.ts';

/**
 * `pipe-1x1` with values of 100 bytes through durable topics that are acknowledged when the operating
 * system has them: producer, owner and processor share the cores.
 */
export default pipe({
  name: 'durable-os',
  producers: 1,
  processors: 1,
  valueBytes: 100,
  readings: { full: 20_000_000, quick: 1_000_000 },
  place: () => new Place(),
  engine: { acks: 'os', retentionBytes: 256 * 2 ** 20 },
  series: rate => ({ name: 'durable-os', unit: 'records/s', samples: [rate] }),
});
