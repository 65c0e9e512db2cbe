// A task of the piscina bench: counts the events of one window by key.

import type { Event } from '../throughput/events.ts';

export default (events: readonly Event[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { key } of events) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};
