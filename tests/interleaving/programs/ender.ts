import { KERNEL } from '@lite-streams/core/internal';
import type { Program } from '../program.ts';
import type { World } from '../world.ts';

/** Ends the topic while others append to it. */
export function ender(world: World): Program {
  const end = {
    name: 'end the topic',
    run: () => {
      world.shard.setState(KERNEL.STATE_ENDED);
      return undefined;
    },
  };
  return { name: 'ender', ops: [end], vars: [], mayDie: false, mayRest: () => false };
}
