import { Readable, Writable } from 'node:stream';
import type { Batch, Producer, RecordCopy, RecordInput } from '@lite-streams/core';

/**
 * The records of a consumer as a Node.js stream of objects, which stay valid. A batch is committed when the
 * stream is asked for more after its last record; one in whose midst the stream is destroyed is read again.
 * The stream owns the consumer, and closes it.
 *
 * Records that were overwritten before they could be read are not told of here: a consumer with
 * `onOutOfRange: 'error'` makes an error of the stream of them.
 */
export function toReadable(consumer: AsyncIterator<Batch, undefined>): Readable {
  return new RecordReadable(consumer);
}

class RecordReadable extends Readable {
  private readonly consumer: AsyncIterator<Batch, undefined>;
  private records: readonly RecordCopy[] = [];
  private at = 0;

  constructor(consumer: AsyncIterator<Batch, undefined>) {
    // One at a time: what lies in the stream's buffer has not been handed on, and must not be committed.
    super({ objectMode: true, highWaterMark: 1 });
    this.consumer = consumer;
  }

  override _read(): void {
    if (this.at < this.records.length) this.push(this.records[this.at++]);
    else this.readOn().catch(error => this.destroy(error));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    Promise.resolve(this.consumer.return?.()).then(() => callback(error), callback);
  }

  private async readOn(): Promise<void> {
    do {
      const { done, value } = await this.consumer.next();
      if (done) {
        this.push(null);
        return;
      }
      this.records = value.copy();
    } while (this.records.length === 0);
    this.at = 1;
    this.push(this.records[0]);
  }
}

/** Records that are sent without waiting for those before: of any producer so many may wait for room. */
const SENT_AT_ONCE = 1_024;

export interface WritableOptions {
  /** Records that the stream takes in before it asks whoever writes to wait. Default 1,024. */
  readonly highWaterMark?: number | undefined;
}

/**
 * A Node.js stream that sends the records (`RecordInput`) written to it. A write is done when its record is
 * acknowledged at the topic's level, and the stream has finished when all are; a record that cannot be is an
 * error of the stream. The stream owns the producer: its end closes it, `destroy` gives up what found no room.
 */
export function toWritable(
  producer: Producer,
  { highWaterMark = 1_024 }: WritableOptions = {},
): Writable {
  return new RecordWritable(producer, highWaterMark);
}

class RecordWritable extends Writable {
  private readonly producer: Producer;

  constructor(producer: Producer, highWaterMark: number) {
    super({ objectMode: true, highWaterMark });
    this.producer = producer;
  }

  override _write(
    record: RecordInput,
    _encoding: unknown,
    callback: (error?: Error | null) => void,
  ): void {
    this.send([record], callback);
  }

  override _writev(
    writes: { readonly chunk: RecordInput }[],
    callback: (error?: Error | null) => void,
  ): void {
    this.send(
      writes.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.producer.close().then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.producer.abandon();
    callback(error);
  }

  private send(records: readonly RecordInput[], callback: (error?: Error | null) => void): void {
    this.sent(records).then(() => callback(), callback);
  }

  private async sent(records: readonly RecordInput[]): Promise<void> {
    const { producer } = this;
    for (let from = 0; from < records.length; from += SENT_AT_ONCE) {
      const some = records.slice(from, from + SENT_AT_ONCE);
      await Promise.all(some.map(record => producer.send(record)));
    }
  }
}
