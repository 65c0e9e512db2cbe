// A process that appends to a log for as long as it lives. Before it appends it says on standard output how far it
// has come, after each flush what is durable; it reads its own log back now and then.
import { writeSync } from 'node:fs';
import { nodeDisk } from '../../packages/workers/src/storage/node-disk.ts';
import { ShardLog } from '../../packages/workers/src/storage/shard-log.ts';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { runOf } from '../../packages/workers/src/storage/testing/slots.ts';
import { KEYS, valueAt, WRITER_LOG } from './kill-values.ts';

const [directory, seed] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const STDOUT = 1;
/** Records that are never removed. */
const KEPT = 3_000;

writeSync(STDOUT, 'opening\n');
const log = ShardLog.open(nodeDisk, directory, WRITER_LOG);
writeSync(STDOUT, `opened ${log.endOffset} ${log.firstOffset}\n`);
for (;;) {
  const from = log.endOffset;
  const count = 1 + random.below(200);
  const slots = Array.from({ length: count }, (_, i) => ({
    key: `k${(from + i) % KEYS}`,
    value: valueAt(from + i),
    timestamp: from + i,
  }));
  log.append(runOf(from, slots));
  writeSync(STDOUT, `written ${log.endOffset}\n`);
  if (random.chance(0.3)) writeSync(STDOUT, `durable ${log.sync()}\n`);
  if (random.chance(0.05)) {
    const keepFrom = log.endOffset - KEPT;
    writeSync(STDOUT, `start ${keepFrom}\n`);
    log.retain({ bytes: 0, keepFrom });
  }
  if (random.chance(0.02)) log.compact();
}
