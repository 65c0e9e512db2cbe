import { expectEqual } from '../runner/measurable.ts';
import { measurable } from './operation.ts';
import { filledTopic, RETAINED, SHARDS } from './snapshots.ts';

/** `topic.latest`: a consistent copy of the 100 records that a shard retains; nothing is decoded. */
export default () => {
  const topic = filledTopic();
  const lastOffsets = topic.stats().reduce((sum, { end }) => sum + end - 1, 0);
  return measurable({
    name: 'latest-100',
    operations: SHARDS,
    turn() {
      let sum = 0;
      for (let shard = 0; shard < SHARDS; shard++) {
        const snapshot = topic.latest({ shard });
        sum += snapshot.length + snapshot.at(RETAINED - 1).offset;
      }
      return sum;
    },
    verify(turns, checksum) {
      expectEqual('lengths and last offsets', checksum, turns * (SHARDS * RETAINED + lastOffsets));
    },
    close: () => topic.close(),
  });
};
