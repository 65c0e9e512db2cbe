import type { Kind } from './generator/generator.ts';

/** The most frequent first. */
export const KINDS: readonly Kind[] = ['bid', 'auction', 'person'];
export const TOPIC_OF: Readonly<Record<Kind, string>> = {
  bid: 'bids',
  auction: 'auctions',
  person: 'people',
};
