import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bell } from '../memory/bell.ts';
import { scratch } from '../memory/scratch.ts';
import { plainDecoder, plainEncoder } from '../pipeline/plain-codec.ts';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import { ByteChannelReader } from './byte-reader.ts';
import { ByteChannelWriter } from './byte-writer.ts';
import { type ChannelReader, type ChannelWriter, FRAME } from './channel.ts';
import { CHANNEL, createChannelMemory } from './layout.ts';
import { LocalChannel } from './local.ts';

function byteChannel(dataBytes = 4096, position = 0) {
  const memory = createChannelMemory(dataBytes, position);
  const bell = Bell.create();
  return {
    memory,
    bell,
    writer: new ByteChannelWriter(memory, bell, plainEncoder()),
    reader: new ByteChannelReader(memory, bell, plainDecoder(), 3),
  };
}

/** Where positions wrap, and where their sign does. */
const POSITIONS = [0, 2 ** 31 - 5, -5, -(2 ** 31)];

const kinds: [string, (position: number) => { writer: ChannelWriter; reader: ChannelReader }][] = [
  ['over shared memory', position => byteChannel(1024, position | 0)],
  [
    'within a thread',
    position => {
      const channel = new LocalChannel(8, false, position | 0);
      return { writer: channel, reader: channel };
    },
  ],
];

type Message =
  | {
      kind: 'data';
      key: unknown;
      value: unknown;
      timestamp: number;
      offset: number;
      watermark: number;
    }
  | { kind: 'watermark'; watermark: number }
  | { kind: 'idle' | 'active' | 'end' };

const messages = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('data' as const),
        key: fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 12 }),
          fc.integer(),
          fc.constant(undefined),
        ),
        value: fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 40 }),
          fc.double({ noNaN: true }),
          fc.boolean(),
          fc.constantFrom(null, undefined),
          fc.uint8Array({ maxLength: 30 }),
          fc.record({
            id: fc.nat(),
            name: fc.string(),
            list: fc.array(fc.nat(), { maxLength: 3 }),
          }),
        ),
        timestamp: fc.maxSafeInteger(),
        offset: fc.integer({ min: -1, max: 1000 }),
        watermark: fc.integer(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('watermark' as const), watermark: fc.integer() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('idle' as const, 'active' as const, 'end' as const),
      }),
    },
  ),
  { maxLength: 40 },
);

describe.each(kinds)('a channel %s', (_, make) => {
  function send(writer: ChannelWriter, message: Message): boolean {
    if (message.kind === 'data') {
      const { key, value, timestamp, offset, watermark } = message;
      return writer.send(key, 7, value, timestamp, offset, watermark);
    }
    if (message.kind === 'watermark') return writer.control(FRAME.watermark, message.watermark);
    return writer.control(FRAME[message.kind], 0);
  }

  function receive(reader: ChannelReader): Message | undefined {
    const frame = reader.next();
    if (frame === FRAME.none) return undefined;
    if (frame === FRAME.data) {
      const { key, value, timestamp, offset, watermark } = reader;
      return { kind: 'data', key, value, timestamp, offset, watermark };
    }
    if (frame === FRAME.watermark) return { kind: 'watermark', watermark: reader.watermark };
    return { kind: frame === FRAME.idle ? 'idle' : frame === FRAME.active ? 'active' : 'end' };
  }

  test.each(POSITIONS)(
    'gives what was sent, in order, from position %d on (200 cases)',
    position => {
      fc.assert(
        fc.property(messages, sent => {
          const { writer, reader } = make(position);
          const received: Message[] = [];
          const drain = () => {
            writer.flush();
            for (let m = receive(reader); m !== undefined; m = receive(reader)) received.push(m);
            reader.free();
          };
          for (const message of sent) {
            while (!send(writer, message)) drain();
          }
          drain();
          expect(received).toEqual(sent);
          expect(reader.read).toBe(writer.sent);
        }),
        { numRuns: 200 },
      );
    },
  );

  test.each(POSITIONS)('is full, and has room again once it was freed (position %d)', position => {
    const { writer, reader } = make(position);
    let sent = 0;
    while (writer.send('key', 1, sent, 0, 0, 0)) sent++;
    expect(sent).toBeGreaterThan(4);
    expect(writer.control(FRAME.barrier, 0)).toBe(false);
    writer.flush();
    for (let i = 0; i < sent; i++) {
      expect(reader.next()).toBe(FRAME.data);
      expect(reader.value).toBe(i);
    }
    expect(writer.send('key', 1, sent, 0, 0, 0)).toBe(false);
    reader.free();
    for (let i = 0; i < sent; i++) expect(writer.send('key', 1, i, 0, 0, 0)).toBe(true);
  });

  test('what is released trails what is read', () => {
    const { writer, reader } = make(-1);
    expect(writer.released()).toBe(-1);
    writer.send('a', 1, 'x', 0, 0, 0);
    const first = writer.sent;
    writer.send('a', 1, 'y', 0, 0, 0);
    writer.flush();
    expect(reader.ready()).toBe(true);
    reader.next();
    reader.next();
    reader.free();
    expect(reader.ready()).toBe(false);
    expect(writer.released()).toBe(-1);
    reader.release(first);
    reader.release(first);
    expect(writer.released()).toBe(first);
    reader.release(reader.read);
    expect(writer.released()).toBe(writer.sent);
  });

  test('a view of a record travels as the whole record', () => {
    for (const valueBytes of [5, 250]) {
      const { writer, reader } = make(0);
      const memory = scratch();
      const at = memory.alloc(1024);
      new RecordWriter({ maxRecordBytes: 1024 }).write(
        memory,
        at,
        1024,
        'the key',
        'v'.repeat(valueBytes),
        1234,
        { h: 'eader' },
      );
      const view = new RecordView().wrap(memory, at, 3, 77);
      expect(writer.send('another key', 1, view, 5, 77, 4)).toBe(true);
      writer.flush();
      // The view is aimed elsewhere; what was sent is not.
      memory.u8.fill(0, at, at + 1024);
      expect(reader.next()).toBe(FRAME.data);
      expect(reader).toMatchObject({ key: 'another key', timestamp: 5, offset: 77, watermark: 4 });
      const arrived = reader.value as RecordView;
      expect(arrived).toBeInstanceOf(RecordView);
      expect(arrived.copy()).toMatchObject({
        key: 'the key',
        timestamp: 1234,
        headers: { h: 'eader' },
        shard: 3,
        offset: 77,
      });
      expect(arrived.text).toBe('v'.repeat(valueBytes));
      memory.free(at, 1024);
    }
  });
});

test('records that stay travel as their places', () => {
  const channel = new LocalChannel(4, true);
  const memory = scratch();
  const writer = new RecordWriter({ maxRecordBytes: 1024 });
  const at = memory.alloc(256);
  const second = at + writer.write(memory, at, 128, 'a', 'first', 1, null);
  writer.write(memory, second, 128, 'b', 'second', 2, null);
  const view = new RecordView();
  channel.send('a', 1, view.wrap(memory, at, 3, 10), 1, 10, 0);
  channel.send('b', 1, view.wrap(memory, second, 3, 11), 2, 11, 0);
  channel.send('c', 1, 'a text', 2, 11, 0);
  for (const [offset, text] of [
    [10, 'first'],
    [11, 'second'],
  ] as const) {
    expect(channel.next()).toBe(FRAME.data);
    const record = channel.value as RecordView;
    expect([record.text, record.offset, record.shard]).toEqual([text, offset, 3]);
    expect(record.memory).toBe(memory);
  }
  channel.next();
  expect(channel.value).toBe('a text');
  memory.free(at, 256);
});

describe('a channel over shared memory', () => {
  test('shows frames when flushed, or when many wait', () => {
    const { writer, reader } = byteChannel(65_536);
    writer.send('k', 1, 1, 0, 0, 0);
    expect(reader.next()).toBe(FRAME.none);
    for (let i = 0; i < 200; i++) writer.send('k', 1, 1, 0, 0, 0);
    expect(reader.next()).toBe(FRAME.data);
  });

  test('large text, bytes and values', () => {
    const { writer, reader } = byteChannel(16_384);
    const values = [
      'ü'.repeat(1000),
      'a'.repeat(3000),
      new Uint8Array(2000).fill(7),
      { s: 'x'.repeat(2000) },
    ];
    for (const value of values) {
      expect(writer.send('k'.repeat(100), 1, value, 0, 0, 0)).toBe(true);
      writer.flush();
      reader.next();
      expect(reader.value).toEqual(value);
      expect(reader.key).toBe('k'.repeat(100));
      reader.free();
    }
  });

  test('a text that fits only just is not refused', () => {
    const { writer, reader } = byteChannel(4096);
    expect(writer.send('k', 1, 'x'.repeat(1900), 0, 0, 0)).toBe(true);
    writer.flush();
    reader.next();
    expect(reader.value).toBe('x'.repeat(1900));
  });

  test.each([
    ['a value', 'k', 'x'.repeat(5000)],
    ['a key', 'k'.repeat(3000), 1],
    ['bytes', 'k', new Uint8Array(4000)],
  ])('%s that never fits is RECORD_TOO_LARGE', (_, key, value) => {
    const { writer } = byteChannel(4096);
    expect(() => writer.send(key, 1, value, 0, 0, 0)).toThrow(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
    );
  });

  test('what cannot travel is UNSUPPORTED_VALUE, and nothing was sent', () => {
    const { writer, reader } = byteChannel();
    const before = writer.sent;
    expect(() => writer.send('k', 1, () => 0, 0, 0, 0)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VALUE' }),
    );
    expect(writer.sent).toBe(before);
    writer.flush();
    expect(reader.next()).toBe(FRAME.none);
  });

  test('memory that is no channel is LAYOUT_MISMATCH', () => {
    const wrong = createChannelMemory(1024);
    new Int32Array(wrong)[CHANNEL.version >> 2] = 99;
    for (const memory of [wrong, new SharedArrayBuffer(4096)]) {
      expect(() => new ByteChannelWriter(memory, Bell.create(), plainEncoder())).toThrow(
        expect.objectContaining({ code: 'LAYOUT_MISMATCH' }),
      );
    }
  });

  test.each([[1000], [512], [1536]])('%d data bytes are refused', bytes => {
    expect(() => createChannelMemory(bytes)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });

  test('rings for the other side when, and only when, it waits', () => {
    const { writer, reader, bell } = byteChannel();
    const rings = (action: () => void) => {
      const before = bell.epoch();
      action();
      return bell.epoch() - before;
    };
    writer.send('k', 1, 1, 0, 0, 0);
    expect(rings(() => writer.flush())).toBe(0);
    reader.countWaiter(1);
    expect(rings(() => writer.flush())).toBe(0);
    writer.send('k', 1, 1, 0, 0, 0);
    expect(rings(() => writer.flush())).toBe(1);
    reader.countWaiter(-1);
    reader.next();
    reader.next();
    writer.countWaiter(1);
    expect(rings(() => reader.free())).toBe(1);
    expect(rings(() => reader.free())).toBe(0);
    expect(rings(() => reader.release(reader.read))).toBe(1);
    writer.countWaiter(-1);
    new LocalChannel(2).countWaiter(1);
  });
});
