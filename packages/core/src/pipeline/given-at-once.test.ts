import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unaccounted } from '../operator/counters.ts';
import { json } from '../serde/json.ts';
import { records } from '../serde/records.ts';
import type { Serde } from '../serde/serde.ts';
import { table } from '../serde/table.ts';
import { text } from '../serde/text.ts';
import { pipeline } from './builder.ts';
import { LocalEngine } from './local-runtime.ts';
import type { Pipeline } from './pipeline.ts';
import type { Stream } from './stream.ts';

const word = table('Word', { name: 'string', at: 'double' });

/**
 * One branch that makes two values of each, and one that leaves some out: both behind the same task, or both in that
 * which reads the topic.
 */
function branching<T>(serde: Serde<T>, nameOf: (value: T) => string, keyed = true): Pipeline {
  const values = pipeline('p').from('in', serde);
  const row = keyed ? values.keyBy(value => nameOf(value).length) : values;
  const [all, some] = row.fork(2) as Stream<T, unknown>[];
  all.flatMap(value => [`${nameOf(value)}!`, `${nameOf(value)}?`]).to('left', text());
  return some
    .filter(value => nameOf(value).length !== 3)
    .map(nameOf)
    .to('right', text());
}

const OUTPUTS = ['left', 'right'] as const;
const TIGHT = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 256 };

/**
 * All that came out, a batch of each output in turn, so that now the one has room, now the other. `feed`
 * brings a little more input, as long as there is any.
 */
function drained(engine: LocalEngine, feed: () => boolean): string[][] {
  const consumers = OUTPUTS.map(name => engine.topic(name).consume({ group: 'test' }));
  const found: string[][] = OUTPUTS.map(() => []);
  // Asking for the next batch gives the room of the one before back: only the second time in vain counts.
  for (let vain = 0; vain < 2; vain++) {
    if (feed()) vain = -1;
    engine.settle();
    for (const [i, consumer] of consumers.entries()) {
      const batch = consumer.poll();
      batch?.forEach(record => {
        found[i].push(record.text);
      });
      if (batch !== undefined) vain = -1;
    }
  }
  for (const consumer of consumers) consumer.close();
  return found;
}

describe('a task on the same thread is given what is sent to it at once', () => {
  test('what came of it is out after the same step', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const input = engine.topic('in', { shards: 1 });
    const output = engine.topic('out', { shards: 1 }).consume({ group: 'test' });
    engine.add(
      pipeline('p')
        .from('in', text())
        .keyBy(name => name)
        .map(name => name.toUpperCase())
        .to('out', text()),
    );
    engine.settle();
    for (const value of ['one', 'two']) input.append({ value, key: 'k' });
    engine.step();
    const found: string[] = [];
    output.poll()?.forEach(record => {
      found.push(record.text);
    });
    expect(found).toEqual(['ONE', 'TWO']);
    output.close();
  });

  const bytesOf = (name: string) => word.encode({ name, at: 0 });

  test.each<[string, Pipeline, (name: string) => string | Uint8Array]>([
    ['views of a table', branching(word, ({ name }) => name), bytesOf],
    ['views in the stage that reads them', branching(word, ({ name }) => name, false), bytesOf],
    ['records', branching(records(), record => record.text), name => name],
    ['records in that stage', branching(records(), record => record.text, false), name => name],
  ])('%s stay what they are, in order, while outputs wait for room', (_, made, encode) => {
    const texts = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 12 }), { maxLength: 90 });
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (names, shards, development) => {
          const engine = new LocalEngine({ automatic: false, stepRecords: 2, development });
          const input = engine.topic('in', { shards });
          for (const name of OUTPUTS) engine.topic(name, TIGHT).createGroup('test');
          const job = engine.add(made);
          let sent = 0;
          const feed = () => {
            const before = sent;
            for (const name of names.slice(before, before + 9)) {
              input.append({
                key: name,
                value: encode(name),
                timestamp: sent,
                shard: sent++ % shards,
              });
            }
            if (sent === names.length && !input.ended) input.end();
            return sent > before;
          };
          // The order is that of the shard.
          const ordered = (all: string[]) => (shards === 1 ? all : all.sort());
          expect(drained(engine, feed).map(ordered)).toEqual([
            ordered(names.flatMap(name => [`${name}!`, `${name}?`])),
            ordered(names.filter(name => name.length !== 3)),
          ]);
          expect(unaccounted(job.stats() as never)).toBe(0);
          engine.stopNow();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('an error that stops the pipeline is told as that of the task that it came from', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const input = engine.topic('in', { shards: 1 });
    const job = engine.add(
      pipeline('p')
        .from('in', text())
        .keyBy(name => name)
        .map(name => Promise.resolve(name))
        .to('out', json()),
    );
    input.append({ value: 'one' });
    engine.settle();
    await expect(job.drained()).rejects.toMatchObject({ code: 'ASYNC_OPERATOR' });
    const { tasks } = await job.stats();
    expect(tasks.filter(({ done }) => done).map(({ stage }) => stage)).toEqual([1]);
  });
});
