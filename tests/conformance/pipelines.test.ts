import { unaccounted } from '@lite-streams/core/internal';
import { describe, expect, test } from 'vitest';
import { runtimes } from './runtimes.ts';

const module = (name: string) => new URL(`./pipelines/${name}.ts`, import.meta.url);

describe.each(runtimes)('runtime $name', ({ start }) => {
  test('pipelines share a topic, are chained by another, and stop on their own', async () => {
    const engine = await start();
    try {
      const words = engine.topic('words');
      const report = engine.topic('report').consume({ group: 'test' });
      const shouts = engine.topic('shouts').consume({ group: 'test' });
      const [counts, reported, shouting] = await Promise.all(
        ['counts', 'report', 'shout'].map(name => engine.run(module(name))),
      );
      const producer = words.producer();
      for (let i = 0; i < 300; i++) {
        await producer.send({ key: `w${i % 7}`, value: `w${i % 7}`, timestamp: i });
        if (i !== 99) continue;
        await shouting.caughtUp();
        await shouting.stop();
      }
      await producer.close();
      words.end();
      await Promise.all([counts.drained(), reported.drained()]);
      let shouted = 0;
      for (let batch = shouts.poll(); batch !== undefined; batch = shouts.poll()) {
        shouted += batch.length;
      }
      expect(shouted).toBe(100);
      const batch = report.poll();
      expect(batch?.at(0)?.text).toBe('0');
      expect(engine.topic('counts').ended).toBe(true);
      expect(engine.topic('report').ended).toBe(false);
      for (const job of [counts, reported]) expect(unaccounted(await job.stats())).toBe(0);
      expect(await reported.stats()).toMatchObject({ in: 321, out: 1 });
    } finally {
      await engine.stop();
    }
  });
});
