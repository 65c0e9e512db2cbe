import { expect, test } from 'vitest';
import type { Auction, Bid, Person } from '../../bench/nexmark/generator/events.ts';
import {
  AUCTION_BYTES,
  BID_BYTES,
  Generator,
  type NexmarkOptions,
  PERSON_BYTES,
} from '../../bench/nexmark/generator/generator.ts';
import { HOT_CHANNELS } from '../../bench/nexmark/generator/vocabulary.ts';

const EVENTS = 50_000;

interface Events {
  readonly persons: Person[];
  readonly auctions: Auction[];
  readonly bids: Bid[];
}

function eventsOf(numbers: Iterable<number>, options: NexmarkOptions = {}): Events {
  const made = new Generator(options);
  const all: Events = { persons: [], auctions: [], bids: [] };
  for (const n of numbers) {
    const kind = made.kindOf(n);
    if (kind === 'bid') all.bids.push(made.bid(n));
    else if (kind === 'auction') all.auctions.push(made.auction(n));
    else all.persons.push(made.person(n));
  }
  return all;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

const all = eventsOf(upTo(EVENTS));
const { persons, auctions, bids } = all;

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share<T>(values: readonly T[], has: (value: T) => boolean): number {
  return values.filter(has).length / values.length;
}

test('an event depends on the seed and its number alone', () => {
  const backwards = eventsOf(upTo(1000).reverse());
  expect(backwards.bids.reverse()).toEqual(bids.filter(({ n }) => n < 1000));
  expect(eventsOf([777], { seed: 2 }).bids).not.toEqual(eventsOf([777]).bids);
});

test('producers that share the events send the events of one', () => {
  const shares = [0, 1, 2].map(index => eventsOf(upTo(3000).filter(n => n % 3 === index)));
  const shared = shares.flatMap(one => one.bids).sort((left, right) => left.n - right.n);
  expect(shared).toEqual(bids.filter(({ n }) => n < 3000));
});

test('one person and three auctions to 46 bids, with ids from 1000 on', () => {
  expect([persons, auctions, bids].map(({ length }) => length)).toEqual([1000, 3000, 46_000]);
  expect(persons.map(({ id }) => id)).toEqual(persons.map((_, index) => 1000 + index));
  expect(auctions.map(({ id }) => id)).toEqual(auctions.map((_, index) => 1000 + index));
});

test('sizes are 200, 500 and 100 bytes on average, a bid’s channel and url apart', () => {
  const size = (event: object) =>
    Object.entries(event)
      .filter(([name]) => name !== 'n' && name !== 'channel' && name !== 'url')
      .reduce((sum, [, value]) => sum + (typeof value === 'string' ? value.length : 8), 0);
  expect(average(persons.map(size)) / PERSON_BYTES).toBeCloseTo(1, 1.5);
  expect(average(auctions.map(size)) / AUCTION_BYTES).toBeCloseTo(1, 1.5);
  expect(average(bids.map(size)) / BID_BYTES).toBeCloseTo(1, 2);
});

test('half of the bids are on the hot auction, three quarters by the hot bidder', () => {
  const later = bids.filter(({ n }) => n > 10_000);
  const isHot = ({ auction, n }: Bid) => auction === 1000 + hundreds(Math.floor(n / 50) * 3 + 2);
  expect(share(later, isHot)).toBeCloseTo(0.5, 1.5);
  const byHot = ({ bidder, n }: Bid) => bidder === 1001 + hundreds(Math.floor(n / 50));
  expect(share(later, byHot)).toBeCloseTo(0.75, 1.5);
  const fromHot = ({ seller, n }: Auction) => seller === 1000 + hundreds(Math.floor(n / 50));
  expect(share(auctions, fromHot)).toBeCloseTo(0.75, 1.3);
});

function hundreds(value: number): number {
  return Math.floor(value / 100) * 100;
}

test('bids are on auctions in flight, or on one of the next ten', () => {
  const ahead = bids
    .filter(({ n }) => n > 10_000)
    .map(({ auction, n }) => auction - (1000 + Math.floor(n / 50) * 3 + 2));
  expect([Math.min(...ahead), Math.max(...ahead)]).toEqual([-100, 10]);
});

test('prices are 10^(6u) × 100: each power of ten as often as the others', () => {
  const powers = bids.map(({ price }) => Math.floor(Math.log10(price / 100)));
  for (const power of [0, 1, 2, 3, 4, 5]) {
    expect(share(powers, one => one === power)).toBeCloseTo(1 / 6, 1.7);
  }
  expect(bids.every(({ price }) => price >= 100 && price <= 100_000_000)).toBe(true);
});

test('categories, channels and states', () => {
  expect([...new Set(auctions.map(({ category }) => category))].sort()).toEqual([
    10, 11, 12, 13, 14,
  ]);
  expect(share(bids, ({ channel }) => HOT_CHANNELS.includes(channel))).toBeCloseTo(0.5, 1.5);
  const cold = bids.filter(({ channel }) => !HOT_CHANNELS.includes(channel));
  expect(share(cold, ({ url }) => url.includes('&channel_id='))).toBeCloseTo(0.9, 1.5);
  expect(share(persons, ({ state }) => ['OR', 'ID', 'CA'].includes(state))).toBeCloseTo(0.5, 1);
});

test('time passes at the rate that was asked for', () => {
  const [first] = bids;
  const last = bids.at(-1) as Bid;
  expect(last.dateTime - first.dateTime).toBe(Math.floor((last.n - first.n) / 10 + 0.4));
  const slow = eventsOf([0, 1000], { eventsPerSecond: 100, baseMs: 7 }).persons;
  expect(slow.map(({ dateTime }) => dateTime)).toEqual([7, 10_007]);
});

test.each([1, 7, 50, 1000])('disorder within groups of %i is a permutation of each', disorder => {
  const made = new Generator({ disorder });
  const numbers = upTo(4 * disorder).map(position => made.numberAt(position));
  for (const [position, n] of numbers.entries()) {
    expect(Math.floor(n / disorder)).toBe(Math.floor(position / disorder));
  }
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('a group of 953 would be no permutation', () => {
  expect(() => new Generator({ disorder: 1906 })).toThrow('no multiple of 953');
});
