import { owner } from '../programs/owner.ts';
import { producer } from '../programs/producer.ts';
import { oneWorker } from '../programs/worker.ts';
import { everythingDelivered, ROOMY, type Scenario } from '../scenario.ts';

/** A thread that dies at any step: the owner repairs what it left. */
export const repair: readonly Scenario[] = [
  {
    name: 'a producer dies at any step, a worker reads',
    size: 'medium',
    slots: 4,
    dataBytes: 128,
    producers: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      owner(world, { name: 'owner', thread: 4, watches: [0] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a producer dies at any step',
    slots: 4,
    ...ROOMY,
    producers: 2,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      owner(world, { name: 'owner', thread: 3, watches: [0] }),
    ],
  },
  {
    name: 'two producers die at any step',
    slots: 8,
    dataBytes: 256,
    producers: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]], mayDie: true }),
      owner(world, { name: 'owner', thread: 3, watches: [0, 1] }),
    ],
  },
  {
    name: 'a producer dies while another waits for room',
    slots: 2,
    ...ROOMY,
    producers: 2,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      owner(world, { name: 'owner', thread: 3, watches: [0] }),
    ],
  },
  {
    name: 'a producer dies while another waits for room, a worker reads',
    size: 'large',
    slots: 2,
    dataBytes: 128,
    producers: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8]] }),
      owner(world, { name: 'owner', thread: 3, watches: [0] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a producer dies at any step, whole rounds of the owner',
    slots: 4,
    dataBytes: 128,
    producers: 1,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      owner(world, { name: 'owner', thread: 2, watches: [0], wholeRounds: true }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'every word a step, a producer dies, 4 slots',
    slots: 4,
    dataBytes: 128,
    producers: 1,
    everyWord: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      owner(world, { name: 'owner', thread: 2, watches: [0] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a producer dies with a stale intent while another laps the ring',
    size: 'medium',
    slots: 2,
    ...ROOMY,
    producers: 2,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8], [8]] }),
      owner(world, { name: 'owner', thread: 3, watches: [0] }),
    ],
  },
  {
    name: 'the owner dies at any step of a repair',
    slots: 4,
    dataBytes: 256,
    producers: 1,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      owner(world, { name: 'owner', thread: 2, watches: [0], mayDie: true }),
      owner(world, { name: 'successor', thread: 3, watches: [0], succeeds: 1 }),
    ],
  },
  {
    name: 'the owner dies, its claim behind that of a live producer',
    size: 'medium',
    slots: 8,
    ...ROOMY,
    producers: 2,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      owner(world, { name: 'owner', thread: 3, watches: [0], mayDie: true }),
      owner(world, { name: 'successor', thread: 4, watches: [0], succeeds: 2 }),
    ],
  },
  {
    name: 'two producers die, another lives, the owner dies too',
    size: 'large',
    slots: 8,
    ...ROOMY,
    producers: 3,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8]], mayDie: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8]], mayDie: true }),
      producer(world, { name: 'C', cell: 3, batches: [[8]] }),
      owner(world, { name: 'owner', thread: 4, watches: [0, 1], mayDie: true }),
      owner(world, { name: 'successor', thread: 5, watches: [0, 1], succeeds: 3 }),
    ],
  },
];
