import { pipe } from './pipe.ts';

/** One producer thread, one processor, values of 100 bytes in memory: what `durable-os` is compared with. */
export default pipe({
  name: 'pipe-1x1-100B',
  producers: 1,
  processors: 1,
  valueBytes: 100,
  readings: { full: 20_000_000, quick: 1_000_000 },
  series: rate => ({ name: 'pipe-1x1-100B', unit: 'records/s', samples: [rate] }),
});
