import { isLogged } from '../broker/acknowledgement.ts';
import type { Topic } from '../broker/topic.ts';
import { fail } from '../errors.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { SOURCE_KIND, type SourceInput } from '../operator/endpoints.ts';
import { RecordView } from '../record/view.ts';
import { cellState } from '../shard/appender.ts';
import { type ShardReader, shardReader } from '../shard/group-access.ts';
import { KERNEL } from '../shard/layout.ts';
import { LogCursor } from '../shard/log-cursor.ts';
import type { SlotRun } from '../shard/slot-run.ts';

/** The one member of a pipeline's group in a shard: each shard is read by one task. */
const MEMBER = 0;

/** A shard of a topic as the source of a task. */
export class TopicSource implements SourceInput {
  readonly places: readonly WaitingPlace[];
  readonly keptPlaces: readonly WaitingPlace[];
  readonly stable: boolean;
  readonly start: number;
  lost = 0;
  private readonly topic: Topic;
  private readonly reader: ShardReader;
  private readonly run: SlotRun;
  private flyweight = new RecordView();
  /** The slot that was stepped to. */
  private index = 0;
  /** Whether the one slot of the last poll is an end that was committed before this source began. */
  private endedBefore = false;

  /**
   * Begins at what the group has committed, or at the offset `from`; makes the group, from the
   * earliest on, if needed. Throws `OFFSET_OUT_OF_RANGE` when `from` is not there any more.
   */
  constructor(topic: Topic, shard: number, group: string, from?: number) {
    this.topic = topic;
    const id = topic.createGroup(group, 'earliest');
    this.reader = shardReader(topic.shards[shard], id, MEMBER, topic.history);
    this.reader.rewind();
    if (from !== undefined) this.goTo(from);
    this.start = this.reader.cursor.nextOffset();
    this.run = this.reader.run;
    this.stable = !topic.shards[shard].overwrite && !topic.shards[shard].durable;
    this.places = [topic.recordPlaces[shard]];
    this.keptPlaces = topic.options.durable ? [topic.logPlaces[shard]] : [];
  }

  poll(maxRecords: number): number {
    const count = this.reader.poll(maxRecords);
    this.lost += this.reader.lost;
    if (this.reader.wake > 0) this.topic.bell.ring();
    this.endedBefore = count === 0 && this.isBehindEnd();
    return this.endedBefore ? 1 : count;
  }

  step(index: number): number {
    this.index = index;
    return this.endedBefore ? SOURCE_KIND.topicEnd : this.run.step(index);
  }

  producer(): number {
    return this.run.producerHere;
  }

  view(): RecordView {
    if (this.topic.development) {
      // User code that has kept the view of the record before shall be told.
      this.flyweight.invalidate();
      this.flyweight = new RecordView();
    }
    const { memory, addressHere, shard, offset } = this.run;
    return this.flyweight.wrap(memory, addressHere, shard, offset + this.index);
  }

  controlTimestamp(): number {
    return this.view().timestamp;
  }

  offset(index: number): number {
    if (this.endedBefore) return this.reader.shard.offsetOf(this.reader.shard.published()) - 1;
    return this.run.offset + index;
  }

  openProducers(into: Int32Array): number {
    const { shard } = this.reader;
    let count = 0;
    for (let id = 1; id < shard.plan.producers; id++) {
      if (cellState(shard, id) === KERNEL.CELL_LIVE) into[count++] = id;
    }
    return count;
  }

  /** A reader sees what is published, and the log may have yet to get it. */
  isKept(offset: number): boolean {
    return isLogged(this.topic, this.reader.shard, offset);
  }

  crowded(): boolean {
    const { shard, cursor } = this.reader;
    if (shard.overwrite || cursor instanceof LogCursor) return false;
    const held = (shard.published() - cursor.committed()) | 0;
    if (held <= 0) return false;
    if (held > shard.plan.slots / 2) return true;
    const bytes = shard.claimedBytesSince(cursor.committed());
    return bytes > shard.plan.dataBytes / 2;
  }

  release(offset: number): void {
    if (this.reader.commitOffset(offset) > 0) this.topic.bell.ring();
  }

  /** What was polled and not released is polled again by the next source of the group. */
  close(): void {
    this.reader.rewind();
    this.reader.close();
    this.topic.bell.ring();
  }

  /** What lies between what the group has committed and `from` is done: a group holds it until now. */
  private goTo(from: number): void {
    const { shard, cursor } = this.reader;
    const ahead = from - cursor.nextOffset();
    if (ahead === 0) return;
    const published = shard.offsetOf(shard.published());
    if (from > published) this.outOfRange(from, `ends at ${published}`);
    if (cursor instanceof LogCursor) {
      if (from < shard.logStart()) this.outOfRange(from, `begins at ${shard.logStart()}`);
      cursor.openAt(from);
      return;
    }
    if (ahead > 0) {
      cursor.moveNext(shard.sequenceOf(from));
      this.reader.rewind();
      return;
    }
    const at = this.reader.seekOffset(from, this.topic.thread);
    if (at !== from) this.outOfRange(from, `begins at ${at}`);
  }

  private outOfRange(from: number, what: string): never {
    const { name } = this.topic;
    return fail(
      'OFFSET_OUT_OF_RANGE',
      `A pipeline is to read "${name}", shard ${this.reader.shard.number}, from offset ${from} on, ` +
        `and the shard ${what}: it is not the log that the snapshot was taken of.`,
    );
  }

  /**
   * A source that takes the place of one that died, or that begins in a group that was kept, finds
   * the end of its shard committed; its task has to end all the same.
   */
  private isBehindEnd(): boolean {
    const { shard, cursor } = this.reader;
    return shard.state() === KERNEL.STATE_SEALED && cursor.atEnd();
  }
}
