import { threadId } from 'node:worker_threads';
import type { ProcessorBoot } from '../protocol/boot.ts';
import { openPlace } from '../state/state-place.ts';
import { Processor } from './processor.ts';

/** How long a processor looks for work before it parks: a wake-up from a wait costs 7 to 11 µs. */
const SPIN_MS = 0.05;
/** How often the thread's event loop gets a turn, busy or not: output of `console`, timers of modules. */
const TURN_MS = 10;
/** The longest wait. Nothing relies on it but that turn. */
const PARK_MS = 250;

/**
 * Runs a processor until the engine stops, as one task of the pool that never returns before. With a
 * module being loaded the thread parks without blocking its event loop, otherwise it blocks: that
 * wakes up four times as fast.
 */
export async function runProcessor(boot: ProcessorBoot): Promise<void> {
  const now = () => performance.now();
  const processor = new Processor(boot, threadId, now, await openPlace(boot.config));
  const work = () => processor.step();
  let turnedAtMs = now();
  let worked = false;
  while (!processor.stopped) {
    if (processor.step()) worked = true;
    else if (!worked || !spin(work, now)) {
      worked = await parked(processor, processor.report() ? PARK_MS : TURN_MS);
    }
    if (now() - turnedAtMs < TURN_MS && !processor.needsEventLoop) continue;
    processor.report();
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

/**
 * Waits for work, or for `timeoutMs`; tells whether there was any. The order is what no wake-up is
 * lost by: say in every place that somebody waits, take the epoch, look once more, wait for it.
 */
async function parked(processor: Processor, timeoutMs: number): Promise<boolean> {
  const { bell } = processor;
  const places = processor.host.places();
  for (const place of places) place.countWaiter(1);
  try {
    const seen = bell.epoch();
    if (processor.step()) return true;
    if (processor.needsEventLoop) {
      processor.asleep = true;
      await bell.wait(seen, Math.min(TURN_MS, processor.untilDueMs()));
      processor.asleep = false;
    } else bell.waitSync(seen, Math.min(timeoutMs, processor.untilDueMs()));
    return processor.step();
  } finally {
    for (const place of places) place.countWaiter(-1);
  }
}
