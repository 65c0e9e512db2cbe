import { KERNEL, type Shard } from '@lite-streams/core/internal';
import { ender } from '../programs/ender.ts';
import { owner } from '../programs/owner.ts';
import { producer } from '../programs/producer.ts';
import { sleepsForHalfTheWrap } from '../programs/time.ts';
import { oneWorker } from '../programs/worker.ts';
import { everythingDelivered, nothingBehindTheEnd, ROOMY, type Scenario } from '../scenario.ts';

/** What comes but once in a shard's life, or in billions of records. */
export const turns: readonly Scenario[] = [
  {
    name: 'a topic ends while producers append',
    slots: 8,
    ...ROOMY,
    producers: 2,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8], [8]] }),
      ender(world),
      owner(world, { name: 'owner', thread: 3, watches: [] }),
    ],
    atEnd: nothingBehindTheEnd,
  },
  {
    name: 'a producer sleeps for half the wrap',
    slots: 4,
    producers: 2,
    programs: world => [sleepsForHalfTheWrap(world)],
  },
  {
    name: 'a helper sleeps for two laps',
    size: 'medium',
    slots: 4,
    producers: 2,
    overwrite: true,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8]] }),
      producer(world, { name: 'B', cell: 2, batches: Array.from({ length: 9 }, () => [8]) }),
    ],
  },
  {
    name: 'a batch over slots that were aborted a lap ago',
    slots: 4,
    producers: 1,
    everyWord: true,
    prepare: abortedLap,
    programs: world => [
      producer(world, { name: 'A', cell: 1, batches: [[8, 8], [8]] }),
      oneWorker(world),
    ],
    atEnd: everythingDelivered,
  },
];

/** A ring whose every slot was aborted once. */
function abortedLap(shard: Shard): void {
  const { i32, plan } = shard;
  for (let sequence = 0; sequence < plan.slots; sequence++) {
    const word = shard.slotWord(sequence);
    i32[word] = sequence === 0 ? KERNEL.FIRST_ABORTED : KERNEL.CONTINUATION_ABORTED;
    i32[word + (KERNEL.SLOT_META >> 2)] = sequence === 0 ? plan.slots << 16 : 0;
  }
  i32[KERNEL.TAIL >> 2] = plan.slots;
  i32[KERNEL.PUBLISHED >> 2] = plan.slots;
  i32[(shard.groupAddress(0) + KERNEL.GROUP_NEXT) >> 2] = plan.slots;
}
