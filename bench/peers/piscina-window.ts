import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { expectEqual, type Measurable } from '../runner/measurable.ts';
import { type Event, KEY_NAMES, keyIndexOf, timestampOf } from '../throughput/events.ts';

/** Events of a window: what one task counts. */
const WINDOW = 100;
/** Tasks that are under way at a time. */
const IN_FLIGHT = 256;
const TASKS = { full: 20_000, quick: 4_000 };

/** piscina, a task per window: the events go to a worker thread, which counts them by key. */
export default (): Measurable => {
  const pool = new Piscina<Event[], Record<string, number>>({
    filename: new URL('../threads/window-task.ts', import.meta.url).href,
    maxThreads: Math.max(1, availableParallelism() - 1),
  });
  let next = 0;
  const runOne = async (): Promise<number> => {
    const first = next;
    next += WINDOW;
    const events = Array.from({ length: WINDOW }, (_, index): Event => {
      const sequence = first + index;
      return { key: KEY_NAMES[keyIndexOf(sequence)], timestamp: timestampOf(sequence) };
    });
    const counts = await pool.run(events);
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  };
  const runAll = async (tasks: number): Promise<number> => {
    let left = tasks;
    let counted = 0;
    const lane = async () => {
      while (left-- > 0) {
        const inTask = await runOne();
        counted += inTask;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return counted;
  };
  return {
    async measure({ quick }) {
      const tasks = quick ? TASKS.quick : TASKS.full;
      await runAll(tasks / 10);
      const startMs = performance.now();
      const counted = await runAll(tasks);
      const seconds = (performance.now() - startMs) / 1000;
      expectEqual('events counted', counted, tasks * WINDOW);
      const rate = tasks / seconds;
      const note = `${Math.round(rate).toLocaleString('en-US')} tasks/s, ${WINDOW} records each`;
      return [
        { name: 'piscina-window', unit: 'records/s', samples: [rate * WINDOW], note },
        { name: 'piscina-window-tasks', unit: 'tasks/s', samples: [rate] },
      ];
    },
    close: () => pool.close({ force: true }),
  };
};
