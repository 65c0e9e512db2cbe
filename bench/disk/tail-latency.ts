import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type LogConsumer, openLog } from 'lite-streams';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import { Place } from './place.ts';

const WRITER = new URL('../entry/tail-writer.ts', import.meta.url);
const RECORDS = { full: 5_000, quick: 1_000 };

/** From when a process appends a record to a durable topic until another process has it. */
export default async (): Promise<Measurable> => {
  const place = new Place();
  const writer = fork(WRITER, [place.path]);
  await once(writer, 'message');
  const consumer = openLog(place.path).topic('tailed').consume({ from: 'latest' });
  return new TailLatency(place, writer, consumer);
};

class TailLatency implements Measurable {
  private readonly place: Place;
  private readonly writer: ChildProcess;
  private readonly consumer: LogConsumer;

  constructor(place: Place, writer: ChildProcess, consumer: LogConsumer) {
    this.place = place;
    this.writer = writer;
    this.consumer = consumer;
  }

  async measure({ quick }: Effort): Promise<Series[]> {
    const records = quick ? RECORDS.quick : RECORDS.full;
    this.writer.send(records);
    const tookMs: number[] = [];
    while (tookMs.length < records) {
      const { value: batch } = await this.consumer.next();
      const nowMs = performance.timeOrigin + performance.now();
      batch?.forEach(record => {
        tookMs.push(nowMs - Number(record.text));
      });
    }
    expectEqual('records that arrived', tookMs.length, records);
    tookMs.sort((a, b) => a - b);
    const at = (share: number): number => tookMs[Math.floor(records * share)];
    return [
      { name: 'tail-latency-p50', unit: 'ms', samples: [at(0.5)] },
      {
        name: 'tail-latency-p99',
        unit: 'ms',
        samples: [at(0.99)],
        note: `longest ${at(0.9999).toFixed(1)} ms`,
      },
    ];
  }

  async close(): Promise<void> {
    this.consumer.close();
    const gone = once(this.writer, 'exit');
    this.writer.disconnect();
    await gone;
    this.place.remove();
  }
}
