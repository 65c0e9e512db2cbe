// The events of Nexmark: what there is of each kind, how often, and what is drawn for each.

import type { Auction, Bid, Person } from './events.ts';
import { EventRandom } from './random.ts';
import { CITIES, FIRST_NAMES, LAST_NAMES, STATES, Vocabulary } from './vocabulary.ts';

export interface NexmarkOptions {
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Events in a second of event time. Default 10,000. */
  readonly eventsPerSecond?: number | undefined;
  /** Event time of event 0, in milliseconds since 1970. Default 2020-01-01. */
  readonly baseMs?: number | undefined;
  /**
   * Events arrive out of order within groups of so many consecutive ones; 1, the default, is ordered.
   * No multiple of 953.
   */
  readonly disorder?: number | undefined;
}

export type Kind = 'person' | 'auction' | 'bid';

/** Of so many consecutive events the first is a person, the next three are auctions. */
export const TURN = 50;
const PERSONS = 1;
const AUCTIONS = 3;

export const FIRST_ID = 1000;
export const FIRST_CATEGORY = 10;
export const CATEGORIES = 5;
const IN_FLIGHT_AUCTIONS = 100;
const ACTIVE_PERSONS = 1000;
/** Ids are also drawn from those that come next. */
const LEAD = 10;
/** The hot one changes with every so many ids. */
const HOT_EVERY = 100;
/** Cold is one in so many. */
const COLD_AUCTION = 2;
const COLD_PERSON = 4;
const COLD_CHANNEL = 2;
const DISORDER_STEP = 953;

/** Average sizes: numbers count 8 bytes, texts their length; a bid's channel and url come on top. */
export const PERSON_BYTES = 200;
export const AUCTION_BYTES = 500;
export const BID_BYTES = 100;
const NUMBER_BYTES = 8;

const DEFAULTS = { seed: 1, eventsPerSecond: 10_000, baseMs: Date.UTC(2020, 0, 1), disorder: 1 };

/**
 * Makes the events: each is a function of the options and its number alone, so any number of
 * producers can share them. Events are new objects; their texts are parts of larger ones.
 */
export class Generator {
  private readonly options: typeof DEFAULTS;
  private readonly random: EventRandom;
  private readonly words: Vocabulary;

  constructor(options: NexmarkOptions = {}) {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.options = { ...DEFAULTS, ...Object.fromEntries(given) };
    if (this.options.disorder % DISORDER_STEP === 0) {
      throw new Error(`disorder is ${this.options.disorder}; it must be no multiple of 953`);
    }
    this.random = new EventRandom(this.options.seed);
    this.words = new Vocabulary(this.options.seed);
  }

  /** The number of the event that arrives as the `position`-th. */
  numberAt(position: number): number {
    const { disorder } = this.options;
    if (disorder === 1) return position;
    const place = position % disorder;
    return position - place + ((place * DISORDER_STEP) % disorder);
  }

  kindOf(n: number): Kind {
    const place = n % TURN;
    if (place < PERSONS) return 'person';
    return place < PERSONS + AUCTIONS ? 'auction' : 'bid';
  }

  /** Event time of event `n`. */
  timeOf(n: number): number {
    const { baseMs, eventsPerSecond } = this.options;
    return baseMs + Math.floor((n * 1000) / eventsPerSecond);
  }

  person(n: number): Person {
    const { random } = this;
    random.begin(n);
    const first = random.pick(FIRST_NAMES);
    const last = random.pick(LAST_NAMES);
    const name = `${first} ${last}`;
    const emailAddress = `${first}.${last}@${random.below(1000)}.example`;
    const creditCard = `${this.digits()} ${this.digits()} ${this.digits()} ${this.digits()}`;
    const city = random.pick(CITIES);
    const state = random.pick(STATES);
    const texts = name.length + emailAddress.length + creditCard.length + city.length;
    return {
      n,
      id: FIRST_ID + lastPerson(n),
      name,
      emailAddress,
      creditCard,
      city,
      state,
      dateTime: this.timeOf(n),
      extra: this.padding(PERSON_BYTES - 2 * NUMBER_BYTES - texts - state.length),
    };
  }

  auction(n: number): Auction {
    const { random, words } = this;
    random.begin(n);
    const itemName = words.passage(random, 3 + random.below(17));
    const description = words.passage(random, 3 + random.below(97));
    const initialBid = this.price();
    const dateTime = this.timeOf(n);
    const inFlight = Math.floor((IN_FLIGHT_AUCTIONS * TURN) / AUCTIONS);
    const horizon = this.timeOf(n + inFlight) - dateTime;
    const texts = itemName.length + description.length;
    return {
      n,
      id: FIRST_ID + lastAuction(n),
      itemName,
      description,
      initialBid,
      reserve: initialBid + this.price(),
      dateTime,
      expires: dateTime + 1 + random.below(Math.max(2 * horizon, 1)),
      seller: FIRST_ID + this.somePerson(n, 0),
      category: FIRST_CATEGORY + random.below(CATEGORIES),
      extra: this.padding(AUCTION_BYTES - 7 * NUMBER_BYTES - texts),
    };
  }

  bid(n: number): Bid {
    const { random, words } = this;
    random.begin(n);
    const auction = FIRST_ID + this.someAuction(n);
    const bidder = FIRST_ID + this.somePerson(n, 1);
    const price = this.price();
    const { channel, url } = random.pick(random.below(COLD_CHANNEL) > 0 ? words.hot : words.cold);
    return {
      n,
      auction,
      bidder,
      price,
      channel,
      url,
      dateTime: this.timeOf(n),
      extra: this.padding(BID_BYTES - 4 * NUMBER_BYTES),
    };
  }

  private someAuction(n: number): number {
    const { random } = this;
    const last = Math.max(lastAuction(n), 0);
    if (random.below(COLD_AUCTION) > 0) return last - (last % HOT_EVERY);
    const oldest = Math.max(last - IN_FLIGHT_AUCTIONS, 0);
    return oldest + random.below(last - oldest + 1 + LEAD);
  }

  /** `hotPlace` keeps the hot seller and the hot bidder apart. */
  private somePerson(n: number, hotPlace: number): number {
    const { random } = this;
    const last = lastPerson(n);
    if (random.below(COLD_PERSON) > 0) return last - (last % HOT_EVERY) + hotPlace;
    const active = Math.min(last + 1, ACTIVE_PERSONS);
    return last + 1 - active + random.below(active + LEAD);
  }

  private price(): number {
    return Math.round(10 ** (6 * this.random.fraction()) * 100);
  }

  /** Text of `length` characters on average, ± a fifth. */
  private padding(length: number): string {
    const fifth = Math.round(length / 5);
    return this.words.passage(this.random, length - fifth + this.random.below(2 * fifth + 1));
  }

  private digits(): string {
    return String(1000 + this.random.below(9000));
  }
}

/** Which person, from 0, was the last when event `n` came. */
export function lastPerson(n: number): number {
  return Math.floor(n / TURN);
}

/** Which auction, from 0, was the last when event `n` came; −1 before the first. */
export function lastAuction(n: number): number {
  const place = n % TURN;
  const begun = Math.min(Math.max(place - PERSONS + 1, 0), AUCTIONS);
  return Math.floor(n / TURN) * AUCTIONS + begun - 1;
}
