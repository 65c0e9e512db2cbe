import { pipe } from './pipe.ts';

/** Two producer threads, two processors, values of 16 bytes. */
export default pipe({
  name: 'pipe-2x2-16B',
  producers: 2,
  processors: 2,
  valueBytes: 16,
  readings: { full: 10_000_000, quick: 1_500_000 },
  series: rate => ({ name: 'pipe-2x2-16B', unit: 'records/s', samples: [rate] }),
});
