import { json, pipeline, text, tumbling } from '@lite-streams/core';
import type { WordCount } from './counts.ts';

const p = pipeline('report');
const counted = p.from('counts', json<WordCount>()).map(({ n }) => n);
const words = p.from('words', text()).map(() => -1);

/** Reads what `counts` writes, and the words beside it: the sum of both is 0. */
export default counted
  .merge(words)
  .keyBy(() => 'all')
  .window(tumbling(1_000))
  .aggregate({ create: () => 0, add: (sum: number, n: number) => sum + n })
  .to('report', json());
