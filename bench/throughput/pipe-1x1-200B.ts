import { pipe } from './pipe.ts';

const VALUE_BYTES = 200;

/** One producer thread, one processor, values of 200 bytes: what counts is the bytes of the values. */
export default pipe({
  name: 'pipe-1x1-200B',
  producers: 1,
  processors: 1,
  valueBytes: VALUE_BYTES,
  readings: { full: 8_000_000, quick: 1_000_000 },
  series: rate => ({
    name: 'pipe-1x1-200B',
    unit: 'GB/s',
    samples: [(rate * VALUE_BYTES) / 1e9],
    note: `${(rate / 1e6).toFixed(2)} M records/s`,
  }),
});
