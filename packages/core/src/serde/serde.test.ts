import { Builder, ByteBuffer } from 'flatbuffers';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Scratch } from '../memory/scratch.ts';
import type { RecordMemory } from '../record/record.ts';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import { bytes } from './bytes.ts';
import { flatbuffer, type TableClass } from './flatbuffer.ts';
import { Airport } from './generated/airport.ts';
import { Flight } from './generated/flight.ts';
import { json } from './json.ts';
import { records } from './records.ts';
import type { Serde } from './serde.ts';
import { text } from './text.ts';

const LIMIT = 8192;
const writer = new RecordWriter({ maxRecordBytes: LIMIT });

/** A record in memory of its own. */
function recordOf(value: string | Uint8Array | null): RecordView {
  const scratch = new Scratch();
  const at = scratch.alloc(LIMIT);
  writer.write(scratch, at, LIMIT, 'key', value, 0, null);
  return new RecordView().wrap(scratch, at, 2, 99);
}

function through<T>(serde: Serde<T>, value: T): T {
  return serde.decode(recordOf(serde.encode(value)));
}

function errorOf(work: () => unknown): StreamError {
  try {
    work();
  } catch (error) {
    if (error instanceof StreamError && error.code === 'SERDE_FAILED') return error;
    throw error;
  }
  throw new Error('no error');
}

describe('what is encoded is decoded again', () => {
  test.each(['', 'plain', 'zoë', '日本'])('text: %j', value => {
    expect(through(text(), value)).toBe(value);
  });

  test('bytes, as a copy', () => {
    const record = recordOf(new Uint8Array([1, 2, 3]));
    const decoded = bytes().decode(record);
    record.memory.u8.fill(0);
    expect(decoded).toEqual(new Uint8Array([1, 2, 3]));
    expect(through(bytes(), new Uint8Array(0))).toEqual(new Uint8Array(0));
  });

  test.each([[null], [1.5], ['text'], [{ a: [1, { b: 'c' }] }]])('JSON: %j', value => {
    expect(through(json<unknown>(), value)).toEqual(value);
  });

  test('whole records, as the very view', () => {
    const record = recordOf('value');
    expect(records().decode(record)).toBe(record);
    expect(Buffer.from(records().encode(record)).toString()).toBe('value');
  });
});

describe('what cannot be encoded or decoded says so', () => {
  const circular: unknown[] = [];
  circular.push(circular);
  test.each<[Pick<Serde<never>, 'encode'>, unknown, string]>([
    [text(), 5, 'text() takes text; it was given the number 5'],
    [bytes(), 'text', 'bytes() takes a Uint8Array; it was given the text "text"'],
    [records(), {}, 'records() takes a RecordView; it was given an object'],
    [json(), undefined, 'json() was given undefined, which has no JSON'],
    [json(), circular, 'json() could not encode an array'],
    [flatbuffer(Flight), 'x', 'flatbuffer(Flight) takes the bytes of a finished'],
    [flatbuffer(Flight), null, 'it was given null'],
    [flatbuffer(Flight), new Flight(), 'it was given a Flight'],
  ])('%#', (serde, value, message) => {
    expect(errorOf(() => serde.encode(value as never)).message).toContain(message);
  });

  test('a JSON error names the record and keeps its cause', () => {
    const error = errorOf(() => json().decode(recordOf('{"a":')));
    expect(error.message).toContain('offset 99 of shard 2: it has the value the text');
    expect(error.cause).toBeInstanceOf(SyntaxError);
    expect(errorOf(() => json().decode(recordOf(null))).message).toContain('has no value');
  });

  test.each([
    ['too short', new Uint8Array(8)],
    ['without a root', new Uint8Array(40)],
    ['with a root outside', new Uint8Array(40).fill(0x7f)],
  ])('a FlatBuffer %s names the record', (_, value) => {
    const error = errorOf(() => flatbuffer(Flight).decode(recordOf(value)));
    expect(error.message).toContain(`offset 99 of shard 2: its value of ${value.length} bytes`);
  });

  test.each([undefined, {}, class Plain {}])('a class that flatc did not generate: %s', given => {
    const error = errorOf(() => flatbuffer(given as unknown as TableClass<object>));
    expect(error.message).toContain('a table class that flatc generated');
  });
});

describe('a FlatBuffers class', () => {
  function flight(origin: string, delay: number): Uint8Array {
    const builder = new Builder(16);
    builder.finish(pack(builder, origin, delay));
    return builder.asUint8Array();
  }

  function pack(builder: Builder, origin: string, delay: number): number {
    const code = builder.createString('LAX');
    Airport.startAirport(builder);
    Airport.addCode(builder, code);
    Airport.addAltitude(builder, 38.5);
    const airport = Airport.endAirport(builder);
    const stops = Flight.createStopsVector(builder, [
      builder.createString('a stop whose name is longer than sixteen bytes'),
      builder.createString('Zürich'),
    ]);
    const track = Flight.createTrackVector(builder, [1, -2, 2 ** 31 - 1]);
    const originAt = builder.createString(origin);
    Flight.startFlight(builder);
    Flight.addOrigin(builder, originAt);
    Flight.addDelay(builder, delay);
    Flight.addDate(builder, -978_307_200_000n);
    Flight.addDistance(builder, 2475.25);
    Flight.addAirport(builder, airport);
    Flight.addStops(builder, stops);
    Flight.addTrack(builder, track);
    return Flight.endFlight(builder);
  }

  function contentOf(found: Flight): object {
    return {
      origin: found.origin(),
      delay: found.delay(),
      date: found.date(),
      distance: found.distance(),
      code: found.airport()?.code(),
      altitude: found.airport()?.altitude(),
      stops: [found.stops(0), found.stops(1)],
      raw: Buffer.from(found.stops(1, 1) as Uint8Array).toString(),
      track: [...(found.trackArray() as Int32Array)],
    };
  }

  const built = flight('JFK', -12);
  const expected = contentOf(Flight.getRootAsFlight(new ByteBuffer(built)));

  test('reads in place what the package reads from bytes of its own', () => {
    const record = recordOf(built);
    const found = flatbuffer(Flight).decode(record);
    expect(contentOf(found)).toEqual(expected);
    expect(found.bb?.bytes()).toBe(record.memory.u8);
  });

  test('reads values in shared memory', () => {
    const { memory, storedStart, storedBytes } = recordOf(built);
    const shared = new SharedArrayBuffer(storedBytes);
    const over: RecordMemory = {
      u8: new Uint8Array(shared),
      i32: new Int32Array(shared),
      f64: new Float64Array(shared),
      buffer: Buffer.from(shared),
    };
    over.u8.set(memory.u8.subarray(storedStart, storedStart + storedBytes));
    const found = flatbuffer(Flight).decode(new RecordView().wrap(over, 0, 0, 0));
    expect(contentOf(found)).toEqual(expected);
  });

  test.each([1, 2, 4])(
    'reads values that are shifted by %i bytes, as other writers may place them',
    shift => {
      const moved = new Uint8Array(built.length + 64);
      moved.set(built, 32 + shift);
      const view = {
        memory: {
          u8: moved,
          i32: new Int32Array(moved.buffer, 0, moved.length >> 2),
          buffer: Buffer.from(moved.buffer),
        },
        valueStart: 32 + shift,
        valueLength: built.length,
      } as unknown as RecordView;
      const found = flatbuffer(Flight).decode(view);
      const { track, ...content } = expected as { track: number[] };
      const bb = found.bb as ByteBuffer;
      expect({ ...content, distance: found.distance(), origin: found.origin() }).toEqual(content);
      expect([0, 1, 2].map(index => found.track(index))).toEqual(track);
      expect(bb).toBeInstanceOf(ByteBuffer);
    },
  );

  test('re-aims one accessor, over several memories', () => {
    const serde = flatbuffer(Flight);
    const [first, second] = [recordOf(flight('JFK', 1)), recordOf(flight('SFO', 2))];
    const accessor = serde.decode(first);
    expect(accessor.origin()).toBe('JFK');
    for (const record of [second, first, second]) expect(serde.decode(record)).toBe(accessor);
    expect([accessor.origin(), accessor.delay()]).toEqual(['SFO', 2]);
  });

  test('encodes finished bytes, objects that pack themselves, and accessors that were decoded', () => {
    const serde = flatbuffer(Flight);
    expect(serde.encode(built)).toBe(built);
    const packable = { pack: (builder: Builder) => pack(builder, 'JFK', -12) };
    for (let i = 0; i < 2; i++) {
      expect(contentOf(serde.decode(recordOf(serde.encode(packable))))).toEqual(expected);
    }
    const accessor = serde.decode(recordOf(built));
    expect(Buffer.compare(flatbuffer(Flight).encode(accessor), built)).toBe(0);
    expect(serde.name).toBe('flatbuffer(Flight)');
  });
});
