import { fail } from '../errors.ts';
import { Appender, takeCell } from '../shard/appender.ts';
import type { Shard } from '../shard/shard.ts';

/**
 * Registers a producer with every shard of a topic: the same cell in each, so that its id is the
 * same everywhere. From then on it counts for the shards' watermarks. Throws `TOO_MANY_PRODUCERS`.
 */
export function registerProducer(
  topic: string,
  shards: readonly Shard[],
  thread: number,
): Appender[] {
  const cells = shards[0].plan.producers;
  for (let id = 1; id < cells; id++) {
    const taken: Appender[] = [];
    for (const shard of shards) {
      if (!takeCell(shard, id, thread)) break;
      taken.push(new Appender(shard, id));
    }
    if (taken.length === shards.length) return taken;
    for (const appender of taken) appender.free();
  }
  return fail(
    'TOO_MANY_PRODUCERS',
    `The topic "${topic}" has its ${cells - 1} producers (maxProducers); close one first.`,
  );
}
