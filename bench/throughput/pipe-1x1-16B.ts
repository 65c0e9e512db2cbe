import { pipe } from './pipe.ts';

/** One producer thread, one processor, values of 16 bytes. */
export default pipe({
  name: 'pipe-1x1-16B',
  producers: 1,
  processors: 1,
  valueBytes: 16,
  readings: { full: 10_000_000, quick: 1_500_000 },
  series: rate => ({ name: 'pipe-1x1-16B', unit: 'records/s', samples: [rate] }),
});
