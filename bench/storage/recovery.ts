import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeDisk } from '../../packages/workers/src/storage/node-disk.ts';
import { expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import { BenchLog } from './filled-log.ts';

const MIB = 1024 * 1024;
const LOG_BYTES = { full: 512 * MIB, quick: 64 * MIB };

/**
 * Opening a log of one unfinished segment, every frame of which is verified; beside it, plain reading
 * of the same file. Both from the page cache, on one core.
 */
export default ({ quick }: { quick: boolean }): Measurable => {
  const bytes = quick ? LOG_BYTES.quick : LOG_BYTES.full;
  const bench = new BenchLog({ segmentBytes: 2 * bytes });
  const log = bench.open();
  bench.fill(log, bytes);
  const { endOffset } = log;
  log.close();
  return {
    measure(): Series[] {
      const started = performance.now();
      const opened = bench.open();
      const ms = performance.now() - started;
      expectEqual('offset at the end', opened.endOffset, endOffset);
      const scanned = opened.recovery.scannedBytes;
      opened.close();
      const plain = readPlainly(bench.directory);
      return [
        { name: 'recovery', unit: 'GB/s', samples: [scanned / ms / 1e6] },
        { name: 'recovery-plain-read', unit: 'GB/s', samples: [plain] },
      ];
    },
    close: () => bench.remove(),
  };
};

/** GB/s of reading the segment by pieces of 1 MiB. */
function readPlainly(directory: string): number {
  const [name] = readdirSync(directory).filter(file => file.endsWith('.log'));
  const file = nodeDisk.openFile(join(directory, name), 'read');
  const piece = new Uint8Array(MIB);
  const started = performance.now();
  let at = 0;
  for (let got = -1; got !== 0; at += got) got = file.read(piece, at);
  const ms = performance.now() - started;
  file.close();
  return at / ms / 1e6;
}
