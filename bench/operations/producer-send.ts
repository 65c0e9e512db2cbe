import { Topic } from '@lite-streams/core';
import { expectEqual } from '../runner/measurable.ts';
import { DISTINCT, RECORDS, ROTATE } from '../workload.ts';
import { measurable } from './operation.ts';

const SHARDS = 8;

/** `producer.send` of the same records, appended in batches; each turn ends with all of them in the log. */
export default () => {
  const topic = Topic.create('producer-send', { shards: SHARDS });
  const producer = topic.producer();
  const ends = () => topic.stats().reduce((sum, { end }) => sum + end, 0);
  const endsBefore = ends();
  let delivered = 0;
  const count = () => {
    delivered++;
  };
  return measurable({
    name: 'producer-send',
    operations: DISTINCT,
    turn() {
      let promise: Promise<void> | undefined;
      for (let i = 0; i < DISTINCT; i++) promise = producer.send(RECORDS[i & ROTATE]);
      producer.flushSync();
      promise?.then(count);
      return DISTINCT;
    },
    verify(turns, sent) {
      expectEqual('records sent', sent, turns * DISTINCT);
      expectEqual('records in the topic', ends() - endsBefore, sent);
    },
    close() {
      producer.closeSync();
      if (delivered === 0) throw new Error('no promise of send() was resolved');
    },
  });
};
