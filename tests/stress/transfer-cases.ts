import type { Transfer } from './transfer.ts';

const small = { slots: 64, shardBytes: 8_192, maxRecordBytes: 256 };
const medium = { slots: 4_096, shardBytes: 512 * 1024, maxRecordBytes: 1_024 };
const TWO_TO_30 = 2 ** 30;

/** A transfer and how large a part of all records it moves. */
export interface SharedTransfer extends Transfer {
  readonly share: number;
}

export const transfers: readonly SharedTransfer[] = [
  {
    name: 'two producers, two workers, batches, across 2^31',
    options: { shards: 2, ...medium },
    firstOffset: 2 * TWO_TO_30 - 1_000,
    producers: 2,
    batchRecords: 64,
    groups: [2],
    share: 4,
  },
  {
    name: 'many threads, three groups, a tiny ring, across 2^32',
    options: { shards: 2, ...small },
    firstOffset: 4 * TWO_TO_30 - 1_000,
    producers: 4,
    batchRecords: 8,
    groups: [2, 1, 1],
    share: 1,
  },
  {
    name: 'record by record, a tiny ring, across 2^30',
    options: { shards: 1, ...small },
    firstOffset: TWO_TO_30 - 1_000,
    producers: 2,
    batchRecords: 1,
    groups: [1],
    share: 1,
  },
  {
    name: 'one to one, whole batches of a byte-bound ring',
    options: { shards: 1, slots: 16_384, shardBytes: 65_536, maxRecordBytes: 512 },
    firstOffset: 2 ** 40 - 1_000,
    producers: 1,
    batchRecords: 256,
    groups: [1],
    share: 2,
  },
  {
    name: 'overwriting, two producers, three readers, a tiny ring, across 2^32',
    options: { shards: 2, ...small, overflow: 'overwrite' },
    firstOffset: 4 * TWO_TO_30 - 1_000,
    producers: 2,
    batchRecords: 8,
    groups: [1, 1, 1],
    share: 1,
  },
  {
    name: 'overwriting, four producers, two readers, across 2^31',
    options: { shards: 1, ...medium, overflow: 'overwrite' },
    firstOffset: 2 * TWO_TO_30 - 1_000,
    producers: 4,
    batchRecords: 64,
    groups: [1, 1],
    share: 1,
  },
];
