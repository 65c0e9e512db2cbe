import { aborted, unlessAborted, type WaitOptions } from '../memory/abort.ts';
import type { RecordInput } from '../record/record.ts';

/** What of a producer it takes to send many records. */
export interface Sending {
  offer(record: RecordInput): boolean;
  send(record: RecordInput, options?: WaitOptions): Promise<void>;
  flush(options?: WaitOptions): Promise<void>;
}

/** Records one after another: an array, a generator, a Node.js stream, a Web stream. */
export type Records = Iterable<RecordInput> | AsyncIterable<RecordInput>;

/**
 * Sends record after record, waiting where there is no room; resolves with how many there were once all
 * are acknowledged.
 */
export async function sendAll(
  producer: Sending,
  records: Records,
  what: string,
  options: WaitOptions,
): Promise<number> {
  const { signal } = options;
  let sent = 0;
  if (Symbol.iterator in records) {
    for (const record of records) {
      if (signal?.aborted) throw aborted(what, signal);
      if (!producer.offer(record)) await producer.send(record, options);
      sent++;
    }
  } else {
    const iterator = records[Symbol.asyncIterator]();
    let isDone = false;
    try {
      for (;;) {
        const next = await unlessAborted(iterator.next(), what, signal);
        isDone = next.done === true;
        if (next.done) break;
        if (!producer.offer(next.value)) await producer.send(next.value, options);
        sent++;
      }
    } finally {
      // Not waited for: one that is asked for its next record answers only after that.
      if (!isDone) Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }
  await producer.flush(options);
  return sent;
}
