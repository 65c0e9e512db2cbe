import { threadId } from 'node:worker_threads';
import { park, parkSync } from '@lite-streams/core/internal';
import type { ProcessorBoot } from '../protocol/boot.ts';
import { Processor } from './processor.ts';

/** How long a processor looks for work before it parks: a wake-up from a wait costs 7 to 11 µs. */
const SPIN_MS = 0.05;
/** How often the thread's event loop gets a turn, busy or not: output of `console`, timers of modules. */
const TURN_MS = 10;
/** The longest wait. Nothing relies on it but that turn. */
const PARK_MS = 100;

/**
 * Runs a processor until the engine stops, as one task of the pool that never returns before. With a
 * module being loaded the thread parks without blocking its event loop, otherwise it blocks: that
 * wakes up four times as fast.
 */
export async function runProcessor(boot: ProcessorBoot): Promise<void> {
  const now = () => performance.now();
  const processor = new Processor(boot, threadId, now);
  const { bell, host } = processor;
  const work = () => processor.step();
  let turnedAtMs = now();
  while (!processor.stopped) {
    if (!processor.step() && !spin(work, now)) {
      if (processor.loadingModules) await park(bell, host.places(), work, TURN_MS);
      else parkSync(bell, host.places(), work, processor.publish() ? PARK_MS : TURN_MS);
    }
    if (now() - turnedAtMs < TURN_MS) continue;
    processor.publish();
    await new Promise<void>(resolve => setImmediate(resolve));
    turnedAtMs = now();
  }
  processor.close();
}

function spin(work: () => boolean, now: () => number): boolean {
  const end = now() + SPIN_MS;
  do {
    if (work()) return true;
  } while (now() < end);
  return false;
}
