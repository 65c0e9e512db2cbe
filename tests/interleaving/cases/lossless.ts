import { producer } from '../programs/producer.ts';
import { oneWorker, worker } from '../programs/worker.ts';
import { everythingDelivered, type Scenario } from '../scenario.ts';
import type { World } from '../world.ts';

/** Offsets just below where the era, the sign and the whole of a sequence turn over. */
const TURNS = { '2^30': 2 ** 30, '2^31': 2 ** 31, '2^32': 2 ** 32 };

/** Many producers, a group that gates them: everything arrives once, in order, unharmed. */
export const lossless: readonly Scenario[] = [
  {
    name: 'two producers, one worker, 2 slots',
    slots: 2,
    producers: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8]] }),
      oneWorker(world, 2),
    ],
    atEnd: everythingDelivered,
  },
  ...Object.entries(TURNS).map(([name, turn]) => ({
    name: `two producers, one worker, 2 slots, across ${name}`,
    slots: 2,
    producers: 2,
    firstOffset: turn - 2,
    programs: (world: World) => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      oneWorker(world, 2),
    ],
    atEnd: everythingDelivered,
  })),
  {
    name: 'batches of 1 and 2, 4 slots',
    size: 'medium',
    slots: 4,
    producers: 2,
    firstOffset: 2 ** 32 - 3,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[16], [8, 8]] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'every word a step, 2 slots',
    slots: 2,
    producers: 2,
    everyWord: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[16], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      oneWorker(world, 2),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'every word a step, batches, 4 slots',
    slots: 4,
    producers: 2,
    everyWord: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8, 8]] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'bytes bind before slots, records run into the spill zone',
    size: 'medium',
    slots: 8,
    dataBytes: 64,
    maxRecordBytes: 32,
    producers: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[24], [32]] }),
      producer(world, { name: 'B', cell: 2, batches: [[24, 8], [16]] }),
      oneWorker(world, 2),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'three producers, 4 slots',
    size: 'large',
    slots: 4,
    producers: 3,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8, 8]] }),
      producer(world, { name: 'C', cell: 3, batches: [[8]] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'two workers of a group',
    slots: 2,
    producers: 1,
    members: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8], [8]] }),
      worker(world, { name: 'worker 1', group: 0, member: 0, max: 1 }),
      worker(world, { name: 'worker 2', group: 0, member: 1, max: 2 }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'two workers of a group, batches',
    slots: 4,
    producers: 1,
    members: 2,
    programs: world => [
      producer(world, {
        name: 'A',
        cell: 1,
        batches: [
          [8, 8],
          [8, 8],
        ],
      }),
      worker(world, { name: 'worker 1', group: 0, member: 0, max: 1 }),
      worker(world, { name: 'worker 2', group: 0, member: 1, max: 2 }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'two groups',
    slots: 2,
    producers: 1,
    groups: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8], [8]] }),
      worker(world, { name: 'worker 1', group: 0, member: 0, max: 1 }),
      worker(world, { name: 'worker 2', group: 1, member: 0, max: 2 }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'two producers, batches of 1 and 2, two workers, 4 slots',
    size: 'large',
    slots: 4,
    producers: 2,
    members: 2,
    firstOffset: 2 ** 31 - 3,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8, 8]] }),
      worker(world, { name: 'worker 1', group: 0, member: 0, max: 2 }),
      worker(world, { name: 'worker 2', group: 0, member: 1, max: 4 }),
    ],
    atEnd: everythingDelivered,
  },
];
