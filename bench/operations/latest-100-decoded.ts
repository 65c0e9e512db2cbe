import { expectEqual } from '../runner/measurable.ts';
import { KEYS, VALUES } from '../workload.ts';
import { measurable } from './operation.ts';
import { filledTopic, RETAINED, SHARDS } from './snapshots.ts';

/** `topic.latest` of 100 records, every key and every value decoded to text. */
export default () => {
  const topic = filledTopic();
  const known = new Set([...KEYS, ...VALUES]);
  for (const { key, text } of topic.latest({ shard: 0 })) {
    if (!known.has(String(key)) || !known.has(text)) throw new Error(`decoded ${key}: ${text}`);
  }
  const characters = SHARDS * RETAINED * (KEYS[0].length + VALUES[0].length);
  return measurable({
    name: 'latest-100-decoded',
    operations: SHARDS,
    turn() {
      let sum = 0;
      for (let shard = 0; shard < SHARDS; shard++) {
        const snapshot = topic.latest({ shard });
        for (let i = 0; i < snapshot.length; i++) {
          const record = snapshot.at(i);
          sum += (record.key as string).length + record.text.length;
        }
      }
      return sum;
    },
    verify(turns, checksum) {
      expectEqual('characters', checksum, turns * characters);
    },
    close: () => topic.close(),
  });
};
