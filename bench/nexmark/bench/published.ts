/** What others publish, with their conditions; per core is their figure by their cores. */
export const CONDITIONS: readonly string[] = [
  'Flink, published suite: 100 M events, state in RocksDB, exactly once, 3 × 8 cores and more.',
  'Flink, a second guide: 4 × 16 cores; q0 379 K, q5 75 K events/s per core.',
  'Hazelcast Jet: 16 vCPU, source inside the process, no durable log; q5 1.6 M events/s per core.',
  'Ours: events replayed through shards in memory (source inside: made in the task), state on the',
  'heap, at least once; events per second of processor time of the whole process.',
];
