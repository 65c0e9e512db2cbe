import { RecordView } from '@lite-streams/core/internal';
import { nodeDisk } from '../../packages/workers/src/storage/node-disk.ts';
import { ShardLogReader } from '../../packages/workers/src/storage/shard-log-reader.ts';
import { expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import { BenchLog } from './filled-log.ts';

const MIB = 1024 * 1024;
const LOG_BYTES = { full: 512 * MIB, quick: 64 * MIB };

/** Reading a log of 100-byte values from its beginning, looking at every record. */
export default ({ quick }: { quick: boolean }): Measurable => {
  const bytes = quick ? LOG_BYTES.quick : LOG_BYTES.full;
  const bench = new BenchLog({});
  const log = bench.open();
  const { records, bytes: written } = bench.fill(log, bytes);
  log.close();
  return {
    measure(): Series[] {
      const reader = new ShardLogReader(nodeDisk, bench.directory, { shard: 0, identity: 0 });
      const view = new RecordView();
      let next = 0;
      let valueBytes = 0;
      const started = performance.now();
      for (let run = reader.read(next); run !== undefined; run = reader.read(next)) {
        for (let i = 0; i < run.count; i++) {
          if (run.kind(i) === 0) valueBytes += run.view(i, view).valueLength;
        }
        next = run.offset + run.count;
      }
      const ms = performance.now() - started;
      reader.close();
      expectEqual('offset at the end', next, records);
      expectEqual('bytes of values', valueBytes, records * 100);
      const rate = { name: 'log-replay-records', unit: 'records/s' } as const;
      return [
        { name: 'log-replay', unit: 'GB/s', samples: [written / ms / 1e6] },
        { ...rate, samples: [(records / ms) * 1_000] },
      ];
    },
    close: () => bench.remove(),
  };
};
