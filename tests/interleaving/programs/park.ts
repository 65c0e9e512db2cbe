import type { Bell } from '@lite-streams/core/internal';
import type { World } from '../world.ts';

/** The real `parkSync`, but for the looks that it takes before it says that it waits. */
export function park(
  world: World,
  bell: Bell,
  what: 'records' | 'room',
  ready: () => boolean,
): void {
  let counted = false;
  const place = {
    countWaiter: (delta: 1 | -1) => {
      counted = true;
      world.shard.countWaiter(what, delta);
    },
  };
  const look = () => counted && ready();
  world.code.parkSync(bell, [place], look, Number.POSITIVE_INFINITY);
}
