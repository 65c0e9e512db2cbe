// Calls that take their time, and a window behind them: nothing may be late because a call was slow.
import { count, json, pipeline, tumbling } from '@lite-streams/core';

export interface Question {
  readonly id: number;
  readonly at: number;
}

/** Of a text, so that both orders can be run: `lookups.ts?ordered`. */
const ordered = new URL(import.meta.url).searchParams.has('ordered');

export default pipeline(`lookups-${ordered}`)
  .from('questions', json<Question>(), { timestamp: ({ at }) => at })
  .mapAsync(
    async ({ id }) => {
      if (id % 3 !== 0) await new Promise(resolve => setTimeout(resolve, id % 4));
      if (id % 50 === 7) throw new Error('no answer');
      return { id, group: `g${id % 5}` };
    },
    { concurrency: 8, ordered, retries: 1, timeout: '20s' },
  )
  .keyBy(({ group }) => group)
  .window(tumbling(10))
  .aggregate({ n: count() })
  .to('answers', json());
