import { type Bell, KERNEL, scratch } from '@lite-streams/core/internal';
import type { Operation, Program } from '../program.ts';
import { threadOf, type World } from '../world.ts';
import { park } from './park.ts';
import { checkOffset, wordsOf } from './records.ts';

export interface WorkerProgram {
  readonly name: string;
  readonly group: number;
  readonly member: number;
  /** The most slots that it polls at once. */
  readonly max: number;
  /** With a bell it parks where there is nothing to read, and rings for whom its commits wake. */
  readonly bell?: Bell;
  readonly mayDie?: boolean;
  /** It makes the group before it reads in it. */
  readonly opens?: boolean;
  /** After its first commit it reads from the oldest record again. */
  readonly seeks?: boolean;
  /** It takes over from the worker with this index once that is dead. */
  readonly succeeds?: number;
}

/** A group's worker, reading in place: polls, reads, commits, over and over. */
export function worker(world: World, options: WorkerProgram): Program {
  const { shard, code } = world;
  const { name, group, bell, mayDie = false } = options;
  const cursor = new code.GroupCursor(shard, group);
  const reader = new code.GroupReader(cursor, options.member);
  // What it remembers from poll to poll belongs to the thread's state.
  const memory = reader as unknown as { end: number };
  const next = shard.groupAddress(group) + KERNEL.GROUP_NEXT;
  const empty = () => world.peek(next) === world.peek(KERNEL.PUBLISHED);
  const ops = beginnings(world, options);
  const POLL = ops.length;
  const PARK = POLL + 3;
  const SEEK = POLL + 4;
  const poll: Operation = {
    name: 'poll',
    ...(bell === undefined ? { when: () => !empty() } : {}),
    run: thread => {
      const [, , sought] = thread.vars;
      const count = reader.poll(options.max);
      if (reader.wake > 0) bell?.ring();
      if (count === 0) return bell === undefined ? POLL : PARK;
      const from = scratch().i32[KERNEL.RESULT >> 2];
      world.machine.once(() => world.monitor.holds(thread.index, from, count));
      thread.vars = [from, count, sought];
      return undefined;
    },
  };
  const read: Operation = {
    name: 'read',
    run: thread => {
      const [sequence, count] = thread.vars;
      reader.run.inRing(shard, sequence, count);
      checkOffset(world, sequence, reader.run.offset);
      for (let i = 0; i < count; i++) {
        const words = wordsOf(reader, i);
        world.machine.once(() => world.monitor.delivered(group, (sequence + i) | 0, words));
      }
      return undefined;
    },
  };
  const commit: Operation = {
    name: 'commit',
    run: thread => {
      const [sequence, count, sought] = thread.vars;
      thread.vars = [0, 0, sought];
      world.machine.once(() => world.monitor.holds(thread.index, 0, 0));
      memory.end = (sequence + count) | 0;
      if (reader.commit(memory.end) > 0) bell?.ring();
      return options.seeks === true && sought === 0 ? SEEK : POLL;
    },
  };
  const parked: Operation = {
    name: 'park for records',
    run: () => {
      park(world, bell as Bell, 'records', () => cursor.next() !== shard.published());
      return POLL;
    },
  };
  const seek: Operation = {
    name: 'seek',
    run: thread => {
      thread.vars = [0, 0, 1];
      const { machine, monitor } = world;
      machine.once(() => monitor.closed(group));
      monitor.intends(thread.index, { ids: [0], sizes: [] });
      const from = reader.seek(shard.physicalEarliest(), threadOf(thread.index));
      machine.once(() => monitor.opened(group, from));
      return POLL;
    },
  };
  // It may rest, in `poll` or parked, where it has nothing left to read.
  return {
    name,
    ops: [...ops, poll, read, commit, parked, seek],
    vars: [0, 0, 0],
    mayDie,
    mayRest: empty,
  };
}

/** What a worker does before it reads. */
function beginnings(world: World, options: WorkerProgram): Operation[] {
  const { shard, code, machine, monitor } = world;
  const { group, member, succeeds } = options;
  const cursor = new code.GroupCursor(shard, group);
  const ops: Operation[] = [];
  if (options.opens === true) {
    ops.push({
      name: 'open',
      run: ({ index }) => {
        monitor.intends(index, { ids: [0], sizes: [] });
        const from = cursor.open(shard.physicalEarliest(), threadOf(index));
        machine.once(() => monitor.opened(group, from));
        return undefined;
      },
    });
  }
  if (succeeds !== undefined) {
    ops.push({
      name: 'rewind',
      when: () => machine.isGone(succeeds),
      run: () => {
        new code.GroupReader(cursor, member).rewind();
        machine.once(() => monitor.holds(succeeds, 0, 0));
        options.bell?.ring();
        return undefined;
      },
    });
  }
  return ops;
}

/** The only worker of the first group. */
export function oneWorker(world: World, max = 4): Program {
  return worker(world, { name: 'worker', group: 0, member: 0, max });
}
