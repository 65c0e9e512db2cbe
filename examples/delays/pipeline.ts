import { boundedOutOfOrderness, json, pipeline, tumbling } from 'lite-streams';

interface Flight {
  origin: string;
  date: number;
  delay: number;
}

export default pipeline('delays')
  .from('flights', json<Flight>(), {
    timestamp: flight => flight.date,
    watermark: boundedOutOfOrderness('1h'),
  })
  .filter(flight => flight.delay > 0)
  .keyBy(flight => flight.origin)
  .window(tumbling('1d'))
  .aggregate({
    create: () => ({ flights: 0, minutes: 0 }),
    add: (day, { delay }) => ({ flights: day.flights + 1, minutes: day.minutes + delay }),
    result: (day, { key, window }) => ({ origin: key, day: new Date(window.start), ...day }),
  })
  .to('daily-delays', json());
