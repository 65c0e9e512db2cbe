import { owner } from '../programs/owner.ts';
import { producer } from '../programs/producer.ts';
import { worker } from '../programs/worker.ts';
import { everythingDelivered, ROOMY, type Scenario } from '../scenario.ts';

/** Who waits is woken: all waits are infinite here. */
export const waiting: readonly Scenario[] = [
  {
    name: 'a producer and a worker that park',
    slots: 2,
    producers: 1,
    programs: world => {
      const bell = world.bell();
      return [
        producer(world, { name: 'A', cell: 1, batches: [[8], [8], [8]], bell }),
        worker(world, { name: 'worker', group: 0, member: 0, max: 1, bell }),
      ];
    },
    atEnd: everythingDelivered,
  },
  {
    name: 'two producers that park',
    slots: 2,
    producers: 2,
    programs: world => {
      const bell = world.bell();
      return [
        producer(world, { name: 'A', cell: 1, batches: [[8]], bell }),
        producer(world, { name: 'B', cell: 2, batches: [[8]], bell }),
        worker(world, { name: 'worker', group: 0, member: 0, max: 1, bell }),
      ];
    },
    atEnd: everythingDelivered,
  },
  {
    name: 'a dead producer leaves others parked',
    size: 'large',
    slots: 2,
    ...ROOMY,
    producers: 2,
    programs: world => {
      const bell = world.bell();
      return [
        producer(world, { name: 'A', cell: 1, batches: [[8]], mayDie: true, bell }),
        producer(world, { name: 'B', cell: 2, batches: [[8]], bell }),
        owner(world, { name: 'owner', thread: 3, watches: [0], bell }),
        worker(world, { name: 'worker', group: 0, member: 0, max: 1, bell }),
      ];
    },
    atEnd: everythingDelivered,
  },
  {
    name: 'a dead producer leaves others parked, whole rounds',
    slots: 2,
    ...ROOMY,
    producers: 2,
    programs: world => {
      const bell = world.bell();
      return [
        producer(world, { name: 'A', cell: 1, batches: [[8]], mayDie: true, bell }),
        worker(world, { name: 'worker', group: 0, member: 0, max: 1, bell }),
        owner(world, { name: 'owner', thread: 3, watches: [0], bell, wholeRounds: true }),
      ];
    },
    atEnd: everythingDelivered,
  },
  {
    name: 'two workers of a group park, one producer too',
    size: 'medium',
    slots: 2,
    producers: 1,
    members: 2,
    programs: world => {
      const bell = world.bell();
      return [
        producer(world, { name: 'A', cell: 1, batches: [[8], [8]], bell }),
        worker(world, { name: 'worker 1', group: 0, member: 0, max: 1, bell }),
        worker(world, { name: 'worker 2', group: 0, member: 1, max: 1, bell }),
      ];
    },
    atEnd: everythingDelivered,
  },
];
