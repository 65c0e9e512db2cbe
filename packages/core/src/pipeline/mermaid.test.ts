import { expect, test } from 'vitest';
import { count } from '../aggregate/count.ts';
import { interval } from '../join/interval.ts';
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

test('a plan tells how the sides of a step with two inputs reach it', () => {
  const p = pipeline('p');
  const left = p.from('left', json<string>()).keyBy(v => v);
  const right = p
    .from('right', json<string>())
    .keyBy(v => v)
    .map(v => v.trim());
  const joined = left.join(right, interval(0, '1s'), (l, r) => `${l} ${r}`, { name: 'pairs' });
  joined
    .lookup(p.from('side', json<string>()), { key: v => v, sideKey: v => v }, v => v, {
      name: 'names',
    })
    .to('out', json());
  const text = p.explain({ shards: 2, processors: 2 });
  for (const part of [
    'keyBy-1: exchange by key to the left of stage 3 over 4 channels (2 between processors), values',
    'pairs: exchange by the key that values have to the right of stage 3 over 4 channels',
    'names: hand-over on the same processor to the left of stage 5 over 2 channels (0 between processors)',
    'names: broadcast to the right of stage 5 over 4 channels',
  ]) {
    expect(text).toContain(part);
  }
  const picture = p.explain({ format: 'mermaid' });
  for (const arrow of [
    'n0 ==>|"keyBy-1, by key (left)"| s3n5',
    '==>|"by the same key (right)"| s3n5',
    's3n5 ==>|"same processor (left)"| s5n7',
    's4n6 ==>|"to every task (right)"| s5n7',
  ]) {
    expect(picture).toContain(arrow);
  }
});
