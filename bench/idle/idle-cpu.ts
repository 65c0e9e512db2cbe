import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from 'lite-streams';
import type { Measurable } from '../runner/measurable.ts';

const PIPELINE = new URL('../pipelines/readings.ts', import.meta.url);
const SECONDS = { full: 10, quick: 2 };
/** Until what was started has come to rest. */
const SETTLE_MS = 1_000;

/** Processor time of the whole process while an engine with a running pipeline and a waiting consumer rests. */
export default async (): Promise<Measurable> => {
  const engine = await Engine.start();
  engine.topic('readings');
  const consumer = engine.topic('totals').consume({ group: 'bench', from: 'earliest' });
  await engine.run(PIPELINE);
  // Waits for what never comes, as a consumer of a quiet topic does, until it is closed.
  const waiting = consumer.next().catch(() => {});
  await sleep(SETTLE_MS);
  return {
    async measure({ quick }) {
      const samples: number[] = [];
      for (let second = 0; second < (quick ? SECONDS.quick : SECONDS.full); second++) {
        const before = process.cpuUsage();
        const startMs = performance.now();
        await sleep(1_000);
        const { user, system } = process.cpuUsage(before);
        const elapsedUs = (performance.now() - startMs) * 1_000;
        samples.push((100 * (user + system)) / elapsedUs);
      }
      return [{ name: 'idle-cpu', unit: '% of a core', samples }];
    },
    async close() {
      await consumer.close();
      await waiting;
      await engine.stop();
    },
  };
};
