import { Topic } from '@lite-streams/core';
import { expectEqual } from '../runner/measurable.ts';
import { DISTINCT, RECORDS, ROTATE } from '../workload.ts';
import { measurable } from './operation.ts';

/** As many as the reference's benchmark has. */
const SHARDS = 8;

/** `topic.append`: 9-byte key, 7-byte value, timestamp given, visible to every thread on return. */
export default () => {
  const topic = Topic.create('append', { shards: SHARDS });
  return measurable({
    name: 'append',
    operations: DISTINCT,
    turn() {
      let offsets = 0;
      for (let i = 0; i < DISTINCT; i++) offsets += topic.append(RECORDS[i & ROTATE]);
      return offsets;
    },
    verify(turns, offsets) {
      // Offsets of a shard are dense from 0 on: n records have the sum n(n − 1)/2.
      const ends = topic.stats().map(({ end }) => end);
      const sum = ends.reduce((total, end) => total + end, 0);
      expectEqual('records in the topic', sum, turns * DISTINCT);
      const expected = ends.reduce((total, end) => total + (end * (end - 1)) / 2, 0);
      expectEqual('sum of the offsets', offsets, expected);
    },
    close: () => topic.close(),
  });
};
