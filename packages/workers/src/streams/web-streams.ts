import type { Batch, Producer, RecordCopy, RecordInput } from '@lite-streams/core';

/** As `toReadable`, as a Web stream. */
export function toReadableStream(
  consumer: AsyncIterator<Batch, undefined>,
): ReadableStream<RecordCopy> {
  let records: readonly RecordCopy[] = [];
  let at = 0;
  return new ReadableStream<RecordCopy>(
    {
      async pull(controller) {
        while (at === records.length) {
          const { done, value } = await consumer.next();
          if (done) {
            controller.close();
            return;
          }
          records = value.copy();
          at = 0;
        }
        controller.enqueue(records[at++]);
      },
      async cancel() {
        await consumer.return?.();
      },
    },
    // Nothing is read ahead: what nobody has asked for must not be committed.
    { highWaterMark: 0 },
  );
}

/**
 * As `toWritable`, as a Web stream. Those write one by one, so a write resolves when there was room for its
 * record, and the close when all are acknowledged.
 */
export function toWritableStream(producer: Producer): WritableStream<RecordInput> {
  return new WritableStream<RecordInput>(
    {
      async write(record) {
        if (!producer.offer(record)) await producer.send(record);
      },
      async close() {
        await producer.close();
      },
      abort() {
        producer.abandon();
      },
    },
    { highWaterMark: 1_024 },
  );
}
