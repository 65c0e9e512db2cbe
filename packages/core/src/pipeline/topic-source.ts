import type { Topic } from '../broker/topic.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { SOURCE_KIND, type SourceInput } from '../operator/endpoints.ts';
import { RecordView } from '../record/view.ts';
import { cellState } from '../shard/appender.ts';
import { GroupCursor } from '../shard/group-cursor.ts';
import { GroupReader } from '../shard/group-reader.ts';
import { KERNEL } from '../shard/layout.ts';
import type { SlotRun } from '../shard/slot-run.ts';

/** The one member of a pipeline's group in a shard: each shard is read by one task. */
const MEMBER = 0;

/** A shard of a topic as the source of a task. */
export class TopicSource implements SourceInput {
  readonly places: readonly WaitingPlace[];
  readonly stable: boolean;
  lost = 0;
  private readonly topic: Topic;
  private readonly reader: GroupReader;
  private readonly run: SlotRun;
  private readonly flyweight = new RecordView();
  /** Whether the one slot of the last poll is an end that was committed before this source began. */
  private endedBefore = false;

  /** Begins at what the group has committed; makes the group, from the earliest on, if needed. */
  constructor(topic: Topic, shard: number, group: string) {
    this.topic = topic;
    const id = topic.createGroup(group, 'earliest');
    this.reader = new GroupReader(new GroupCursor(topic.shards[shard], id), MEMBER);
    this.reader.rewind();
    this.run = this.reader.run;
    this.stable = !topic.shards[shard].overwrite;
    this.places = [topic.recordPlaces[shard]];
  }

  poll(maxRecords: number): number {
    const count = this.reader.poll(maxRecords);
    this.lost += this.reader.lost;
    if (this.reader.wake > 0) this.topic.bell.ring();
    this.endedBefore = count === 0 && this.isBehindEnd();
    return this.endedBefore ? 1 : count;
  }

  kind(index: number): number {
    return this.endedBefore ? SOURCE_KIND.topicEnd : this.run.kind(index);
  }

  producerId(index: number): number {
    return this.run.producer(index);
  }

  view(index: number): RecordView {
    return this.run.view(index, this.flyweight);
  }

  controlTimestamp(index: number): number {
    return this.run.view(index, this.flyweight).timestamp;
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

  release(offset: number): void {
    const { shard } = this.reader;
    if (this.reader.commit(shard.sequenceOf(offset)) > 0) this.topic.bell.ring();
  }

  /** What was polled and not released is polled again by the next source of the group. */
  close(): void {
    this.reader.rewind();
    this.reader.close();
    this.topic.bell.ring();
  }

  /**
   * A source that takes the place of one that died, or that begins in a group that was kept, finds
   * the end of its shard committed; its task has to end all the same.
   */
  private isBehindEnd(): boolean {
    const { shard, cursor } = this.reader;
    return shard.state() === KERNEL.STATE_SEALED && cursor.next() === shard.published();
  }
}
