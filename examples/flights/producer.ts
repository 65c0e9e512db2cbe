// A thread that appends its share of the flights.

import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Builder, ByteBuffer } from 'flatbuffers';
import { attach } from 'lite-streams';
import { FlightsFile, type RowRange } from './flights-file.ts';
import { Flight } from './generated/flight.ts';
import { FLIGHTS } from './pipeline.ts';

const { ranges, engine: descriptor } = workerData as {
  ranges: readonly RowRange[];
  engine: Parameters<typeof attach>[0];
};
const port = parentPort as MessagePort;

const engine = attach(descriptor);
// From here on the producer counts for the watermarks, so nobody runs ahead of it.
const producer = engine.topic(FLIGHTS).producer();
port.postMessage('registered');
await once(port, 'message');

// A Flight has no parts of varying size: one buffer, whose number changes from record to record.
const builder = new Builder(64);
builder.forceDefaults(true);
builder.finish(Flight.createFlight(builder, 0));
const value = builder.asUint8Array();
const flight = Flight.getRootAsFlight(new ByteBuffer(value));
const record = { key: '', value, timestamp: 0 };

const file = await FlightsFile.open();
for (const range of ranges) {
  const { date, origin, delay } = await file.read(range);
  for (let i = 0; i < date.length; i++) {
    record.key = origin[i];
    record.timestamp = date[i];
    flight.mutate_delay(Number(delay[i]));
    producer.sendSync(record);
  }
}
producer.closeSync();
engine.close();
