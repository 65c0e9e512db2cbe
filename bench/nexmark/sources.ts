// The topics of Nexmark as the queries read them.

import { boundedOutOfOrderness, json, type RecordView, type Serde, table } from 'lite-streams';
import type { Auction, Bid, Person } from './generator/events.ts';
import { Generator } from './generator/generator.ts';
import { nexmarkSettings } from './settings.ts';

const { values, source, generator } = nexmarkSettings();

export const bid = serdeOf<Bid>(
  made => made.bid,
  table('Bid', {
    n: 'int',
    auction: 'int',
    bidder: 'int',
    price: 'int',
    channel: 'string',
    url: 'string',
    dateTime: 'double',
    extra: 'string',
  }),
);

export const auction = serdeOf<Auction>(
  made => made.auction,
  table('Auction', {
    n: 'int',
    id: 'int',
    itemName: 'string',
    description: 'string',
    initialBid: 'int',
    reserve: 'int',
    dateTime: 'double',
    expires: 'double',
    seller: 'int',
    category: 'int',
    extra: 'string',
  }),
);

export const person = serdeOf<Person>(
  made => made.person,
  table('Person', {
    n: 'int',
    id: 'int',
    name: 'string',
    emailAddress: 'string',
    creditCard: 'string',
    city: 'string',
    state: 'string',
    dateTime: 'double',
    extra: 'string',
  }),
);

/** A row of the bounded input that bids are looked up in. */
export interface SideRow {
  readonly key: number;
  readonly value: string;
}

export const side = json<SideRow>();
export const SIDE_KEYS = 10_000;

/** Records carry the event's time; disorder is 4 s at most. */
export const inEventTime = { watermark: boundedOutOfOrderness('4s') };

/** As tables, or for comparison as JSON, or made in the task from the event's number alone. */
function serdeOf<T>(make: (events: Generator) => (n: number) => T, fromTable: Serde<T>): Serde<T> {
  if (source === 'inside') return generated(make);
  return values === 'json' ? json<T>() : fromTable;
}

function generated<T>(make: (events: Generator) => (n: number) => T): Serde<T> {
  const events = new Generator(generator);
  const event = make(events).bind(events);
  const word = new Int32Array(1);
  const bytes = new Uint8Array(word.buffer);
  return {
    name: 'generated',
    encode(value: { n: number }): Uint8Array {
      word[0] = value.n;
      return bytes;
    },
    decode: (record: RecordView) => event(record.valueInt32(0)),
  } as Serde<T>;
}
