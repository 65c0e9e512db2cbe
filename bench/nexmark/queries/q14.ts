// Bids of some price, with the time of the day and how often a letter occurs.

import { pipeline, table } from 'lite-streams';
import { bid, inEventTime } from '../sources.ts';

const HOUR_MS = 3_600_000;

const calculated = table('Calculated', {
  auction: 'int',
  bidder: 'int',
  price: 'double',
  bidTimeType: 'string',
  dateTime: 'double',
  extra: 'string',
  cCounts: 'int',
});

function timeOfDay(dateTime: number): string {
  const hour = Math.floor(dateTime / HOUR_MS) % 24;
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
}

function count(text: string, letter: string): number {
  let found = 0;
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) found++;
  return found;
}

export default pipeline('q14')
  .from('bids', bid, inEventTime)
  .filter(({ price }) => 0.908 * price > 1_000_000 && 0.908 * price < 50_000_000)
  .map(({ auction, bidder, price, dateTime, extra }) => {
    const converted = 0.908 * price;
    const bidTimeType = timeOfDay(dateTime);
    const cCounts = count(extra, 'c');
    return { auction, bidder, price: converted, bidTimeType, dateTime, extra, cCounts };
  })
  .to('q14', calculated);
