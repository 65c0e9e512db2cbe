import { lossyReader } from '../programs/lossy-reader.ts';
import { producer } from '../programs/producer.ts';
import { everythingAccounted, type Scenario } from '../scenario.ts';

/** Nobody gates: the oldest records are overwritten while they are read. */
export const lossy: readonly Scenario[] = [
  {
    name: 'overwriting, a validated reader, 2 slots',
    slots: 2,
    producers: 1,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[16], [8], [8]] }),
      lossyReader(world, { name: 'reader', group: 0, member: 0, max: 2 }),
    ],
    atEnd: everythingAccounted,
  },
  {
    name: 'overwriting, bytes bind, a validated reader',
    slots: 8,
    dataBytes: 64,
    maxRecordBytes: 32,
    producers: 1,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[24], [32], [24], [24]] }),
      lossyReader(world, { name: 'reader', group: 0, member: 0, max: 8 }),
    ],
    atEnd: everythingAccounted,
  },
  {
    name: 'overwriting, batches, a validated reader, 4 slots',
    slots: 4,
    producers: 1,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8], [8], [8, 8]] }),
      lossyReader(world, { name: 'reader', group: 0, member: 0, max: 4 }),
    ],
    atEnd: everythingAccounted,
  },
  {
    name: 'overwriting, two producers, a validated reader, 2 slots',
    size: 'medium',
    slots: 2,
    producers: 2,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8]] }),
      producer(world, { name: 'B', cell: 2, batches: [[8], [8]] }),
      lossyReader(world, { name: 'reader', group: 0, member: 0, max: 2 }),
    ],
    atEnd: everythingAccounted,
  },
];
