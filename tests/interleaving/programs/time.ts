import { KERNEL } from '@lite-streams/core/internal';
import type { Operation, Program } from '../program.ts';
import type { World } from '../world.ts';
import { encode } from './records.ts';

const QUARTER = 2 ** 30;
let appended = 0;

/**
 * One thread that lets billions of records pass: all sequences are moved on to just before an era
 * turns, then a record is appended across the turn. Meanwhile the producer in cell 1 sleeps, with
 * limits that are older than half the range of sequences by the time it wakes.
 */
export function sleepsForHalfTheWrap(world: World): Program {
  const { slots } = world.plan;
  const ops: Operation[] = [append(world, 1), read(world)];
  for (let turn = 0; turn < 3; turn++) ops.push(leap(world), append(world, 2), read(world));
  for (let i = 0; i < slots - 1; i++) ops.push(append(world, 2));
  ops.push(append(world, 1));
  return { name: 'time', ops, vars: [], mayDie: false, mayRest: () => false };
}

function append(world: World, cell: number): Operation {
  const { shard, monitor } = world;
  const id = (cell << 16) | ++appended;
  return {
    name: `append by ${cell}`,
    run: ({ index }) => {
      const batch = { ids: [id], sizes: [8] };
      monitor.intends(index, batch);
      const { at, bytes } = encode(batch);
      shard.kernel.append(shard.cellAddress(cell), at, 1, bytes, cell);
      return undefined;
    },
  };
}

function read(world: World): Operation {
  const { shard } = world;
  return {
    name: 'read',
    run: () => {
      const lease = shard.leaseAddress(0, 0);
      shard.kernel.poll(shard.groupAddress(0), lease, 1);
      shard.kernel.release(lease, 0, 0);
      return undefined;
    },
  };
}

function leap(world: World): Operation {
  const { machine, monitor, shard } = world;
  const { memory } = machine;
  const { slots } = world.plan;
  const lapShift = Math.log2(slots);
  const next = shard.groupAddress(0) + KERNEL.GROUP_NEXT;
  const work = () => {
    const tail = memory.load(KERNEL.TAIL);
    const to = (Math.ceil((tail + 1) / QUARTER) * QUARTER - 1) | 0;
    for (const word of [KERNEL.TAIL, KERNEL.PUBLISHED, next]) memory.store(word, to);
    // Every slot has been stamped in the lap before.
    for (let s = to - slots; s < to; s++) {
      memory.store(shard.slotWord(s) << 2, ((s >>> lapShift) << 3) | KERNEL.FIRST);
    }
    memory.store((shard.slotWord(to) << 2) + KERNEL.SLOT_GRANULE, memory.load(KERNEL.TAIL + 4));
    monitor.leapt((to - tail) | 0);
    world.first = (world.first + to - tail) | 0;
  };
  return {
    name: 'leap',
    run: () => {
      machine.once(work);
      return undefined;
    },
  };
}
