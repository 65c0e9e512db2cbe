import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { resolveConfig } from './config.ts';
import type { Option } from './option.ts';
import { type ConfigInput, environmentNames, OPTIONS, type OptionName } from './options.ts';

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof StreamError && error.code === 'INVALID_OPTION') return error.message;
    throw error;
  }
  return 'no error';
}

const names = Object.keys(OPTIONS) as OptionName[];
const numbers = names.filter(name => /^a /.test(OPTIONS[name].takes));
/** Large enough, or small enough, that the two sizes that depend on each other agree. */
const roomy: ConfigInput = { shardBytes: 2 ** 30 };

/** The least and the most that a number option takes, as its words say. */
function ends(name: OptionName): [number, number] {
  const [, least, most] = /from (\d+) to (\d+)$/.exec(OPTIONS[name].takes) as RegExpExecArray;
  return [Number(least), Number(most)];
}

describe('resolving a configuration', () => {
  test('the default of shards is 4, the environment overrides it, an option overrides both', () => {
    expect(resolveConfig().shards).toBe(4);
    expect(resolveConfig({}, { STREAM_SHARDS: '7' }).shards).toBe(7);
    expect(resolveConfig({}, { LITE_STREAMS_SHARDS: '8', STREAM_SHARDS: '7' }).shards).toBe(8);
    expect(resolveConfig({ shards: 9 }, { STREAM_SHARDS: '7' }).shards).toBe(9);
  });

  test("a program's own defaults stand below the environment and above the table", () => {
    expect(resolveConfig({}, {}, { processors: 7 }).processors).toBe(7);
    const environment = { LITE_STREAMS_PROCESSORS: '3' };
    expect(resolveConfig({}, environment, { processors: 7 }).processors).toBe(3);
    expect(resolveConfig({ processors: 2 }, environment, { processors: 7 }).processors).toBe(2);
  });

  test('what is undefined or empty is not set', () => {
    const environment = { LITE_STREAMS_SHARDS: '', STREAM_SHARDS: undefined };
    expect(resolveConfig({ shards: undefined }, environment).shards).toBe(4);
    expect(resolveConfig().retentionRecords).toBeUndefined();
  });

  test('the result is frozen', () => {
    expect(Object.isFrozen(resolveConfig())).toBe(true);
  });

  test('a bad value names the variable, the value and what it takes', () => {
    expect(messageOf(() => resolveConfig({}, { STREAM_SHARDS: 'many' }))).toBe(
      'The environment variable STREAM_SHARDS is "many"; it takes a whole number from 1 to 1024.',
    );
    expect(messageOf(() => resolveConfig({ slots: 1000 }))).toBe(
      'The option slots is 1000; it takes a power of two from 2 to 16777216.',
    );
    expect(messageOf(() => resolveConfig({ overflow: 'drop' as 'block' }))).toBe(
      'The option overflow is "drop"; it takes one of "block", "overwrite".',
    );
    expect(messageOf(() => resolveConfig({ shards: {} as number }))).toContain('is an object;');
    expect(messageOf(() => resolveConfig({ shards: null as never }))).toContain('is null;');
    expect(messageOf(() => resolveConfig({ maxRecordBytes: 1001 }))).toContain('a multiple of 8');
  });

  test('an option that does not exist is refused, and the message tells which do', () => {
    const message = messageOf(() => resolveConfig({ shard: 1 } as object));
    expect(message).toContain('no option "shard"');
    expect(message).toContain('shards');
  });

  test('a record may take a quarter of a shard and not more', () => {
    expect(resolveConfig({ shardBytes: 4096, maxRecordBytes: 1024 }).maxRecordBytes).toBe(1024);
    expect(messageOf(() => resolveConfig({ shardBytes: 4096, maxRecordBytes: 1032 }))).toContain(
      'a quarter of shardBytes: 1024',
    );
  });

  test.each(numbers)('%s takes both ends of its range and nothing beyond them', name => {
    const [least, most] = ends(name);
    const small: ConfigInput = name === 'shardBytes' ? { maxRecordBytes: 64 } : roomy;
    const [variable] = environmentNames(name);
    expect(resolveConfig({ ...small, [name]: least })[name]).toBe(least);
    expect(resolveConfig({ ...small, [name]: most })[name]).toBe(most);
    expect(resolveConfig(small, { [variable]: String(least) })[name] ?? least).toBe(
      name in small ? small[name] : least,
    );
    for (const wrong of [least - 1, most * 2 + 1, least + 0.5, Number.NaN, String(least)]) {
      expect(messageOf(() => resolveConfig({ ...small, [name]: wrong }))).toContain(name);
    }
    expect(messageOf(() => resolveConfig({}, { [variable]: '-1' }))).toContain(variable);
  });

  test('powers of two take nothing between', () => {
    expect(messageOf(() => resolveConfig({ channelBytes: 3 * 1024 }))).toContain('power of two');
  });

  test('flags take the usual words', () => {
    for (const [text, on] of [
      ['1', true],
      ['true', true],
      ['off', false],
      ['NO', false],
    ] as const) {
      expect(resolveConfig({}, { LITE_STREAMS_DEVELOPMENT: text }).development).toBe(on);
    }
    expect(resolveConfig({ development: true }).development).toBe(true);
    expect(messageOf(() => resolveConfig({}, { LITE_STREAMS_DEVELOPMENT: 'perhaps' }))).toContain(
      'it takes true or false',
    );
  });

  test('words are taken as they stand', () => {
    expect(resolveConfig({}, { LITE_STREAMS_PARTITIONER: 'murmur2' }).partitioner).toBe('murmur2');
  });

  test('text that is no whole number never becomes one', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        fc.pre(text !== '' && !/^\s*-?\d+\s*$/.test(text));
        expect(messageOf(() => resolveConfig({}, { STREAM_SHARDS: text }))).toContain(
          'STREAM_SHARDS',
        );
      }),
    );
  });
});

describe('the table', () => {
  test('every option is documented and takes its own default', () => {
    for (const name of names) {
      const option = OPTIONS[name] as Option<unknown>;
      expect(option.doc, name).toMatch(/\.$/);
      expect(option.default === undefined || option.accepts(option.default), name).toBe(true);
    }
  });

  test('no two options share a variable', () => {
    const variables = names.flatMap(environmentNames);
    expect(new Set(variables).size).toBe(variables.length);
  });
});
