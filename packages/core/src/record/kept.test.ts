import { Builder } from 'flatbuffers';
import { expect, test } from 'vitest';
import { Scratch } from '../memory/scratch.ts';
import { flatbuffer } from '../serde/flatbuffer.ts';
import { Flight } from '../serde/generated/flight.ts';
import { table } from '../serde/table.ts';
import { kept } from './kept.ts';
import { RecordView } from './view.ts';
import { RecordWriter } from './writer.ts';

const LIMIT = 1024;

function recordOf(value: string | Uint8Array): RecordView {
  const scratch = new Scratch();
  const at = scratch.alloc(LIMIT);
  new RecordWriter({ maxRecordBytes: LIMIT }).write(scratch, at, LIMIT, 'key', value, 0, null);
  return new RecordView().wrap(scratch, at, 0, 0);
}

test('what is no view is kept as it is', () => {
  const object = { a: 1 };
  for (const value of [undefined, null, 1, 'text', object]) expect(kept(value)).toBe(value);
});

test('of a record, a copy', () => {
  const record = recordOf('value');
  const copy = kept(record);
  record.memory.u8.fill(0);
  expect(copy).toMatchObject({ key: 'key', value: new TextEncoder().encode('value') });
});

test('of a table, its fields', () => {
  const serde = table('Point', { x: 'int', name: 'string' });
  const record = recordOf(serde.encode({ x: 7, name: 'here' }));
  const copy = kept(serde.decode(record));
  record.memory.u8.fill(0);
  expect(copy).toEqual({ x: 7, name: 'here' });
});

test('of a FlatBuffer, an accessor of a copy', () => {
  const builder = new Builder();
  const origin = builder.createString('JFK');
  Flight.startFlight(builder);
  Flight.addOrigin(builder, origin);
  builder.finish(Flight.endFlight(builder));
  const record = recordOf(builder.asUint8Array());
  const copy = kept(flatbuffer(Flight).decode(record));
  record.memory.u8.fill(0);
  expect(copy).toBeInstanceOf(Flight);
  expect(copy.origin()).toBe('JFK');
});
