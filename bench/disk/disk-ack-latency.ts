import { Engine } from 'lite-streams';
import type { Effort, Measurable, Series } from '../runner/measurable.ts';
import { median } from '../runner/statistics.ts';
import { bareAppends, Place, STORED_BYTES } from './place.ts';

const TIMES = { full: 2_000, quick: 300 };
/** Both take turns, so that a disk that slows down slows both. */
const TURNS = 10;

/**
 * From `send` until the record is acknowledged on disk, one record at a time; beside it an append of
 * the same bytes to a bare file and its flush.
 */
export default async (): Promise<Measurable> => {
  const place = new Place();
  const engine = await Engine.start({ directory: place.path, processors: 1 });
  const topic = engine.topic('records', { shards: 1 });
  const producer = topic.producer();
  const record = { value: new Uint8Array(100).fill(0x5a) };

  const sends = async (times: number): Promise<number[]> => {
    const tookMs: number[] = [];
    for (let i = 0; i < times; i++) {
      const startMs = performance.now();
      await producer.send(record);
      tookMs.push(performance.now() - startMs);
    }
    return tookMs;
  };

  return {
    async measure({ quick }: Effort): Promise<Series[]> {
      const times = (quick ? TIMES.quick : TIMES.full) / TURNS;
      await sends(times);
      const ours: number[] = [];
      const bare: number[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        ours.push(...(await sends(times)));
        bare.push(...bareAppends(place.path, STORED_BYTES, times));
      }
      const p99 = ours.toSorted((a, b) => a - b)[Math.floor(ours.length * 0.99)];
      const note = `p99 ${(p99 * 1000).toFixed(0)} µs`;
      return [
        { name: 'disk-ack-latency', unit: 'µs', samples: [median(ours) * 1000], note },
        { name: 'disk-ack-latency-bare', unit: 'µs', samples: [median(bare) * 1000] },
      ];
    },
    async close() {
      await producer.close();
      await engine.stop();
      place.remove();
    },
  };
};
