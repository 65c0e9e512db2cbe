import { Topic } from '@lite-streams/core';
import { RECORDS } from '../workload.ts';

/** As in the reference's benchmark: 8 shards that retain 100 records each. */
export const SHARDS = 8;
export const RETAINED = 100;

/** A topic whose shards have been through several times what they retain. */
export function filledTopic(): Topic {
  const topic = Topic.create('latest', { shards: SHARDS, retentionRecords: RETAINED });
  for (let lap = 0; lap < 8; lap++) for (const record of RECORDS) topic.append(record);
  return topic;
}
