import { owner } from '../programs/owner.ts';
import { producer } from '../programs/producer.ts';
import { worker } from '../programs/worker.ts';
import { everythingDelivered, ROOMY, type Scenario } from '../scenario.ts';

/** Groups that come, workers that go: what a group holds stays until it has read it. */
export const groups: readonly Scenario[] = [
  {
    name: 'a group begins while a producer overwrites',
    slots: 4,
    ...ROOMY,
    producers: 2,
    standing: 3,
    groupsOpen: false,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      worker(world, { name: 'worker', group: 0, member: 0, max: 4, opens: true }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a group begins while two producers overwrite',
    size: 'large',
    slots: 4,
    ...ROOMY,
    producers: 3,
    standing: 2,
    groupsOpen: false,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8]] }),
      worker(world, { name: 'worker', group: 0, member: 0, max: 4, opens: true }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a group begins in a ring with room for all',
    slots: 16,
    ...ROOMY,
    producers: 2,
    groupsOpen: false,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]], alwaysRoom: true }),
      worker(world, { name: 'worker', group: 0, member: 0, max: 4, opens: true }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'the era turns in a ring with room for all',
    slots: 16,
    ...ROOMY,
    producers: 2,
    firstOffset: 2 ** 30 - 1,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]], alwaysRoom: true }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8]], alwaysRoom: true }),
    ],
  },
  {
    name: 'a worker seeks back while a producer appends',
    slots: 4,
    ...ROOMY,
    producers: 2,
    standing: 2,
    mostDeliveries: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      worker(world, { name: 'worker', group: 0, member: 0, max: 2, seeks: true }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a worker dies at any step, another reads on',
    slots: 2,
    producers: 1,
    mostDeliveries: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8], [8]] }),
      worker(world, { name: 'worker', group: 0, member: 0, max: 2, mayDie: true }),
      worker(world, { name: 'successor', group: 0, member: 0, max: 2, succeeds: 1 }),
    ],
    atEnd: everythingDelivered,
  },
  {
    name: 'a cell is taken anew while the exit of its last holder is dealt with',
    slots: 8,
    ...ROOMY,
    producers: 1,
    cellsFree: true,
    programs: world => [
      producer(world, { name: 'A', batches: [], ends: true, mayDie: true }),
      producer(world, { name: 'B', batches: [[8]], ends: true }),
      producer(world, { name: 'C', batches: [[8]], ends: true }),
      owner(world, { name: 'owner', thread: 4, watches: [0] }),
    ],
  },
];
