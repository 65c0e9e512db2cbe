import { describe, expect, test } from 'vitest';
import { Topic } from '../broker/topic.ts';
import { resolveCheckpoint } from '../epoch/options.ts';
import { asOf } from '../join/as-of.ts';
import { interval } from '../join/interval.ts';
import { unbounded } from '../join/unbounded.ts';
import { pipeline } from '../pipeline/builder.ts';
import { LocalEngine } from '../pipeline/local-runtime.ts';
import { json } from '../serde/json.ts';
import { listState, mapState, valueState } from '../state/spec.ts';
import { every } from '../window/early.ts';
import { hopping } from '../window/hopping.ts';
import { tumbling } from '../window/tumbling.ts';
import { checkOptionNames } from './option-names.ts';

// Callers in JavaScript, and options that come from elsewhere, are not checked by types.
const misspelt = { mispelt: 1 } as object as never;
const topic = Topic.create('t', { shards: 1, slots: 16, shardBytes: 4096 });
const engine = new LocalEngine();
const chain = pipeline('p').from('in', json()).to('out', json());

describe('a misspelt option is refused', () => {
  test.each<[string, () => unknown]>([
    ['A topic', () => Topic.create('u', misspelt)],
    ['A consumer', () => topic.consume(misspelt)],
    ['A producer', () => topic.producer(misspelt)],
    ['A LocalEngine', () => new LocalEngine(misspelt)],
    ['A run of a pipeline', () => engine.add(chain, misspelt)],
    ['The checkpoint of pipeline "p"', () => resolveCheckpoint('p', misspelt)],
    ['asOf()', () => asOf(misspelt)],
    ['interval()', () => interval(0, 1, misspelt)],
    ['unbounded()', () => unbounded(misspelt)],
    ['tumbling()', () => tumbling('1s', misspelt)],
    ['hopping()', () => hopping('2s', '1s', misspelt)],
    ['every()', () => every('1s', misspelt)],
    ['valueState()', () => valueState(0, misspelt)],
    ['mapState()', () => mapState(misspelt)],
    ['listState()', () => listState(misspelt)],
  ])('%s', (who, call) => {
    expect(call).toThrow(`${who} has no option "mispelt". It has `);
  });
});

test('what is no object of options is refused', () => {
  expect(() => checkOptionNames('A producer', 5 as never, {})).toThrow(
    'A producer takes an object of options, not 5.',
  );
  expect(() => topic.consume(undefined as never)).toThrow('not undefined');
});
