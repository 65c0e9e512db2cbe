import { Engine, type Topic } from 'lite-streams';
import { type Effort, type Measurable, type Series, wrong } from '../runner/measurable.ts';
import { bareAppends, Place, STORED_BYTES } from './place.ts';

const RECORDS = { full: 4_000_000, quick: 400_000 };
const GOAL = 1e6;
/** What a group commit of a busy shard writes at once. */
const BLOCK_BYTES = 2 ** 20;
const BLOCKS = 128;

/**
 * Records of 100-byte values per second that are acknowledged on disk: one producer, 4 shards, one
 * owner, who writes and flushes for all. Beside it what the disk itself does: the same bytes in large
 * blocks, each flushed.
 */
export default async (): Promise<Measurable> => {
  const place = new Place();
  const engine = await Engine.start({ directory: place.path, processors: 1 });
  return new DurableDisk(place, engine, engine.topic('records'));
};

class DurableDisk implements Measurable {
  private readonly place: Place;
  private readonly engine: Engine;
  private readonly topic: Topic;
  private sent = 0;

  constructor(place: Place, engine: Engine, topic: Topic) {
    this.place = place;
    this.engine = engine;
    this.topic = topic;
  }

  async measure({ quick }: Effort): Promise<Series[]> {
    const records = quick ? RECORDS.quick : RECORDS.full;
    this.pass(records / 10);
    const startMs = performance.now();
    this.pass(records);
    const rate = records / ((performance.now() - startMs) / 1000);
    const blocksMs = bareAppends(this.place.path, BLOCK_BYTES, BLOCKS);
    const seconds = blocksMs.reduce((sum, ms) => sum + ms, 0) / 1000;
    const bytesPerSecond = (BLOCKS * BLOCK_BYTES) / seconds;
    const ofDisk = bytesPerSecond / STORED_BYTES;
    const note = `${((rate * STORED_BYTES) / 1e6).toFixed(0)} MB/s of log`;
    return [
      { name: 'durable-disk', unit: 'records/s', samples: [rate], note },
      {
        name: 'durable-disk-goal',
        unit: 'records/s',
        samples: [Math.min(GOAL, ofDisk)],
        note: `the less of 1 M/s and of what the disk takes: ${(bytesPerSecond / 1e6).toFixed(0)} MB/s`,
      },
    ];
  }

  async close(): Promise<void> {
    await this.engine.stop();
    this.place.remove();
  }

  private pass(records: number): void {
    const producer = this.topic.producer();
    const record = { value: new Uint8Array(100).fill(0x5a), timestamp: 0 };
    for (let i = 0; i < records; i++) producer.sendSync(record);
    producer.flushSync();
    this.sent += records;
    const onDisk = this.topic.shards.reduce((sum, shard) => sum + shard.logged('durable'), 0);
    if (onDisk < this.sent) wrong('offsets on disk', onDisk, this.sent);
    producer.closeSync();
  }
}
