import { KERNEL } from '@lite-streams/core/internal';
import type { Operation, Program } from '../program.ts';
import type { World } from '../world.ts';
import { checkOffset, wordsOf } from './records.ts';
import type { WorkerProgram } from './worker.ts';

/** A reader of what may be overwritten: from validated copies, counting what it lost. */
export function lossyReader(world: World, options: Omit<WorkerProgram, 'bell'>): Program {
  const { shard, code, monitor } = world;
  const cursor = new code.GroupCursor(shard, options.group);
  const reader = new code.GroupReader(cursor, options.member);
  // What it remembers from poll to poll belongs to the thread's state.
  const memory = reader as unknown as { unreported: number };
  const next = shard.groupAddress(options.group) + KERNEL.GROUP_NEXT;
  const empty = () => world.peek(next) === world.peek(KERNEL.PUBLISHED);
  const ops: Operation[] = [
    {
      name: 'poll',
      when: () => !empty(),
      run: thread => {
        const [delivered, lost, unreported] = thread.vars;
        memory.unreported = unreported;
        const count = reader.poll(options.max);
        for (let i = 0; i < count; i++) {
          const words = wordsOf(reader, i);
          const at = shard.sequenceOf(reader.run.offset + i);
          checkOffset(world, at, reader.run.offset + i);
          world.machine.once(() => monitor.delivered(options.group, at, words));
        }
        thread.vars = [delivered + count, lost + reader.lost, memory.unreported];
        return 0;
      },
    },
  ];
  return { name: options.name, ops, vars: [0, 0, 0], mayDie: false, counts: true, mayRest: empty };
}
