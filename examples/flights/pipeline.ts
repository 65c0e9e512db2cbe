import { boundedOutOfOrderness, flatbuffer, json, pipeline, tumbling } from 'lite-streams';
import { Flight } from './generated/flight.ts';

/** How an airport did on a day. Minutes; `over15`: flights more than 15 minutes late. */
export interface AirportDay {
  readonly origin: string;
  /** YYYY-MM-DD by the airport's own clock, as the data has it. */
  readonly day: string;
  readonly flights: number;
  readonly delaySum: number;
  readonly over15: number;
  readonly maxDelay: number;
}

export const FLIGHTS = 'flights';
export const AIRPORT_DAYS = 'airport-days';

export default pipeline('flights')
  .from(FLIGHTS, flatbuffer(Flight), { watermark: boundedOutOfOrderness('1h') })
  // Records are keyed by their origin airport, and so every shard has all flights of its airports.
  .keyByRecord()
  .window(tumbling('1d'))
  .aggregate({
    create: () => ({ flights: 0, delaySum: 0, over15: 0, maxDelay: Number.NEGATIVE_INFINITY }),
    add(day, flight) {
      const delay = flight.delay();
      day.flights++;
      day.delaySum += delay;
      if (delay > 15) day.over15++;
      if (delay > day.maxDelay) day.maxDelay = delay;
      return day;
    },
    result: (day, { key, window }): AirportDay => ({
      origin: key,
      day: new Date(window.start).toISOString().slice(0, 10),
      ...day,
    }),
  })
  .to(AIRPORT_DAYS, json());
