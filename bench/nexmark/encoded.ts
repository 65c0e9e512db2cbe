import type { Topic } from 'lite-streams';
import type { Generator, Kind } from './generator/generator.ts';
import { auction, bid, person, SIDE_KEYS, side } from './sources.ts';

/** The value of an event's record. */
export function encoded(events: Generator, kind: Kind, n: number): string | Uint8Array {
  if (kind === 'bid') return bid.encode(events.bid(n));
  return kind === 'auction' ? auction.encode(events.auction(n)) : person.encode(events.person(n));
}

/** Sends the bounded input of the lookup join, which ends at once. */
export function sendSide(topic: Topic): void {
  const producer = topic.producer();
  for (let key = 0; key < SIDE_KEYS; key++) {
    producer.sendSync({ value: side.encode({ key, value: `side-${key}` }) });
  }
  producer.closeSync();
  topic.end();
}
