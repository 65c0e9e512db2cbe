import { lossyReader } from '../programs/lossy-reader.ts';
import { owner } from '../programs/owner.ts';
import { producer } from '../programs/producer.ts';
import { oneWorker } from '../programs/worker.ts';
import { everythingAccounted, everythingDelivered, ROOMY, type Scenario } from '../scenario.ts';

/** Plain stores become visible late and in any order: what publishes them must be an atomic. */
export const late: readonly Scenario[] = [
  {
    name: 'late stores: a producer and a worker, 2 slots',
    slots: 2,
    producers: 1,
    lateStores: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[16], [8]] }),
      oneWorker(world, 2),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'late stores: two producers and a worker, 2 slots',
    slots: 2,
    producers: 2,
    lateStores: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      oneWorker(world, 2),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'late stores: batches, 4 slots',
    slots: 4,
    producers: 1,
    lateStores: true,
    programs: world => [
      producer(world, {
        name: 'A',
        cell: 1,
        batches: [
          [8, 8],
          [8, 8],
        ],
      }),
      oneWorker(world, 4),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'late stores: a producer dies at any step',
    size: 'large',
    slots: 4,
    ...ROOMY,
    producers: 2,
    overwrite: true,
    lateStores: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      owner(world, { name: 'owner', thread: 3, watches: [0] }),
    ],
  },
  {
    name: 'late stores: overwriting, a validated reader, 2 slots',
    slots: 2,
    producers: 1,
    overwrite: true,
    lateStores: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8], [8]] }),
      lossyReader(world, { name: 'reader', group: 0, member: 0, max: 2 }),
    ],
    atEnd: everythingAccounted,
  },
];
