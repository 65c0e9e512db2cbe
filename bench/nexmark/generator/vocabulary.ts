import { EventRandom } from './random.ts';

export const STATES: readonly string[] = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
export const CITIES: readonly string[] = [
  'Bend',
  'Boise',
  'Cheyenne',
  'Eugene',
  'Fresno',
  'Phoenix',
  'Portland',
  'Sacramento',
  'Seattle',
  'Spokane',
];
export const FIRST_NAMES: readonly string[] = [
  'Ada',
  'Alan',
  'Barbara',
  'Donald',
  'Edsger',
  'Frances',
  'Grace',
  'John',
  'Leslie',
  'Niklaus',
  'Tony',
];
export const LAST_NAMES: readonly string[] = [
  'Abel',
  'Baker',
  'Carter',
  'Fisher',
  'Mason',
  'Potter',
  'Smith',
  'Turner',
  'Weaver',
];

/** Half of all bids come by one of these. */
export const HOT_CHANNELS: readonly string[] = ['Google', 'Facebook', 'Baidu', 'Apple'];
export const COLD_CHANNELS = 10_000;

const TEXT_LENGTH = 1 << 16;
/** One character in so many is a space. */
const SPACE_ONE_IN = 13;

export interface Channel {
  readonly channel: string;
  readonly url: string;
}

/** What all events of a seed draw their texts from: made once, so that an event costs little. */
export class Vocabulary {
  readonly hot: readonly Channel[];
  readonly cold: readonly Channel[];
  private readonly random: EventRandom;
  private readonly text: string;

  constructor(seed: number) {
    this.random = new EventRandom(~seed);
    this.random.begin(0);
    const { random } = this;
    this.text = Array.from({ length: TEXT_LENGTH }, () =>
      random.below(SPACE_ONE_IN) === 0 ? ' ' : this.letter(),
    ).join('');
    this.hot = HOT_CHANNELS.map(channel => ({ channel, url: this.url() }));
    this.cold = Array.from({ length: COLD_CHANNELS }, (_, index) => {
      // Nine in ten say in the url which channel they are.
      const id = random.below(10) > 0 ? `&channel_id=${random.below(0x8000_0000)}` : '';
      return { channel: `channel-${index}`, url: this.url() + id };
    });
  }

  /** So many characters of text, from a place that `random` picks. */
  passage(random: EventRandom, length: number): string {
    const from = random.below(TEXT_LENGTH - length);
    return this.text.substring(from, from + length);
  }

  private letter(): string {
    return String.fromCharCode(97 + this.random.below(26));
  }

  private url(): string {
    const directory = () =>
      Array.from({ length: 3 + this.random.below(3) }, () => this.letter()).join('');
    return `https://www.nexmark.com/${directory()}/${directory()}/${directory()}/item.htm?query=1`;
  }
}
