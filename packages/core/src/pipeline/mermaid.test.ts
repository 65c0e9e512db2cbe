import { expect, test } from 'vitest';
import { count } from '../aggregate/count.ts';
import { json } from '../serde/json.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';

test('a plan is drawn with a box for each stage and thick arrows between tasks', () => {
  const p = pipeline('p');
  const { odd, rest } = p
    .from('a', json<number>())
    .merge(p.from('b "quoted" #1', json<number>()))
    .split({ odd: n => n % 2 === 1, rest: () => true });
  odd.to('odd', json());
  rest
    .keyBy(n => n)
    .window(tumbling(10), { name: 'counts', lateTo: 'late' })
    .aggregate(count())
    .to('counts', json());
  expect(p.explain({ format: 'mermaid', shards: 1, processors: 2 })).toBe(`\
flowchart LR
  subgraph s0["stage 0: 1 task"]
    s0n0["from-0"]
    s0n2["merge-2"]
    s0n3["split-3"]
    s0n4["to-4"]
  end
  subgraph s1["stage 1: 1 task"]
    s1n1["from-1"]
    s1n2["merge-2"]
    s1n3["split-3"]
    s1n4["to-4"]
  end
  subgraph s2["stage 2: 2 tasks"]
    s2n5["keyBy-5"]
    s2n6[["counts"]]
    s2n7["to-7"]
  end
  t0 --> s0n0
  s0n0 --> s0n2
  s0n2 --> s0n3
  s0n3 -->|"odd"| s0n4
  s0n4 --> t1
  s0n3 ==>|"rest, by key"| s2n5
  t2 --> s1n1
  s1n1 --> s1n2
  s1n2 --> s1n3
  s1n3 -->|"odd"| s1n4
  s1n4 --> t1
  s1n3 ==>|"rest, by key"| s2n5
  s2n5 --> s2n6
  s2n6 -. late .-> t3
  s2n6 --> s2n7
  s2n7 --> t4
  t0[("a")]
  t1[("odd")]
  t2[("b #quot;quoted#quot; #35;1")]
  t3[("late")]
  t4[("counts")]`);
  expect(p.explain()).toContain('stage 2: 2 tasks (8 on processor 0, 9 on processor 1), state');
});
