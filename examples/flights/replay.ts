import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Consumer, Engine, type Job } from 'lite-streams';
import { FlightsFile, type RowRange } from './flights-file.ts';
import type { Options } from './options.ts';
import { AIRPORT_DAYS, type AirportDay, FLIGHTS } from './pipeline.ts';

/** How a replay stands, or how it ended. */
export interface Standing {
  /** Flights that will have been appended in the end. */
  readonly expected: number;
  /** Flights that the pipeline has taken, and those of them that were too late for their day. */
  readonly taken: number;
  readonly late: number;
  /** Flights that are appended and that the pipeline is not done with. */
  readonly lag: number;
  readonly elapsedMs: number;
}

export interface Replay extends Standing {
  readonly rows: readonly AirportDay[];
  readonly processors: number;
}

/**
 * Replays the flights: producer threads append them to a topic, a pipeline windows them on the
 * engine's processors, and this thread reads the results. `watch` gets what tells how it stands.
 */
export async function replay(
  options: Options,
  watch: (standing: () => Standing) => void,
): Promise<Replay> {
  const startedMs = performance.now();
  await using engine = await Engine.start({
    shards: options.shards,
    processors: options.processors,
  });
  const flights = engine.topic(FLIGHTS);
  const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
  const days = engine.topic(AIRPORT_DAYS);
  const results = readAll(days.consume({ group: 'report' }));

  const file = await FlightsFile.open();
  const expected = Math.min(options.limit, file.rows);
  const standing = () => standingOf(job, expected, performance.now() - startedMs);
  watch(standing);
  await produce(engine, file.ranges(expected, options.producers), options.producers);
  flights.end();
  await job.drained();
  days.end();
  const rows = await results;
  return { ...standing(), rows, processors: engine.config.processors };
}

/**
 * Deals the ranges out to threads that append them. All of them register before any begins: a day
 * then closes only when every producer is past it, and no flight is late, though one producer may be
 * weeks ahead of another.
 */
async function produce(
  engine: Engine,
  ranges: readonly RowRange[],
  producers: number,
): Promise<void> {
  const workers = Array.from({ length: producers }, (_, producer) => {
    const share = ranges.filter((_, i) => i % producers === producer);
    const thread = new URL('./producer.ts', import.meta.url);
    return new Worker(thread, engine.threadOptions({ workerData: { ranges: share } }));
  });
  const exits = workers.map(worker => once(worker, 'exit'));
  await Promise.all(workers.map(worker => once(worker, 'message')));
  for (const worker of workers) worker.postMessage('begin');
  await Promise.all(exits);
}

/** Reads a topic to its end. */
async function readAll(days: Consumer): Promise<AirportDay[]> {
  const rows: AirportDay[] = [];
  for await (const batch of days) {
    batch.forEach(record => {
      rows.push(JSON.parse(record.text));
    });
  }
  return rows;
}

function standingOf(job: Job, expected: number, elapsedMs: number): Standing {
  const { in: taken, late, lag } = job.stats();
  return { expected, taken, late, lag, elapsedMs };
}
