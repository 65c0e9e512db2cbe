import { join } from 'node:path';
import { nodeDisk } from '../../packages/workers/src/storage/node-disk.ts';
import { expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import { BenchLog } from './filled-log.ts';

const MIB = 1024 * 1024;
const ROUND_BYTES = { full: 256 * MIB, quick: 64 * MIB };

/**
 * Appending runs of 100-byte values to a log, up to the page cache and then to the disk; beside it,
 * the disk's own rate: plain writes of 1 MiB and one `fdatasync`.
 */
export default (): Measurable => {
  const bench = new BenchLog({ segmentBytes: 1024 * MIB });
  const log = bench.open();
  return {
    measure({ quick }): Series[] {
      const wanted = quick ? ROUND_BYTES.quick : ROUND_BYTES.full;
      const started = performance.now();
      const { records, bytes } = bench.fill(log, wanted);
      const writtenMs = performance.now() - started;
      expectEqual('durable offset', log.sync(), log.endOffset);
      const syncedMs = performance.now() - started;
      log.retain({ bytes: 0 });
      return [
        { name: 'log-append', unit: 'GB/s', samples: [bytes / writtenMs / 1e6] },
        { name: 'log-append-synced', unit: 'records/s', samples: [(records / syncedMs) * 1_000] },
        { name: 'log-append-disk', unit: 'GB/s', samples: [bytes / syncedMs / 1e6] },
        { name: 'log-append-plain', unit: 'GB/s', samples: [writePlainly(bench.directory, bytes)] },
      ];
    },
    close: () => {
      log.close();
      bench.remove();
    },
  };
};

function writePlainly(directory: string, bytes: number): number {
  const path = join(directory, 'plain');
  const file = nodeDisk.openFile(path, 'create');
  const piece = new Uint8Array(MIB).fill(7);
  const started = performance.now();
  for (let at = 0; at < bytes; at += piece.length) file.write(piece, at);
  file.dataSync();
  const ms = performance.now() - started;
  file.close();
  nodeDisk.remove(path);
  return bytes / ms / 1e6;
}
