import type { RecordView } from '../record/view.ts';

/** What a `Processor` takes for a record: one from a batch, a copy of one, or text. */
export type Payload =
  | string
  | Uint8Array
  | RecordView
  | { readonly value: string | Uint8Array | null | undefined };

/** Records that can be visited fastest: a consumer's batch. */
interface Visitable {
  readonly length: number;
  forEach(visit: (record: RecordView) => void): void;
}

export interface ProcessedWindow {
  readonly count: number;
  /** The transformed values, in the order of the records. */
  readonly payloads: readonly string[];
}

export interface ProcessorOptions {
  /** Applied to every value. Default: the value itself. */
  readonly transform?: ((text: string) => string) | undefined;
}

/**
 * A transform of values one by one or a window at a time, by hand and without a pipeline.
 *
 * ```ts
 * const shout = new Processor({ transform: text => text.toUpperCase() });
 * shout.process('hello');                 // 'HELLO'
 * shout.processWindow(consumer.poll());   // { count: 3, payloads: ['A', 'B', 'C'] }
 * ```
 */
export class Processor {
  readonly transform: ((text: string) => string) | undefined;

  constructor(options: ProcessorOptions = {}) {
    this.transform = options.transform;
  }

  /** The value of one record, transformed. A record without a value is empty text. */
  process(record: Payload): string {
    const text = textOf(record);
    return this.transform === undefined ? text : this.transform(text);
  }

  /** All values of a batch or of a list of records, transformed, and how many there are. */
  processWindow(records: Visitable | Iterable<Payload>): ProcessedWindow {
    const payloads: string[] = [];
    const { transform } = this;
    const visit = (record: Payload): void => {
      const text = textOf(record);
      payloads.push(transform === undefined ? text : transform(text));
    };
    if ('forEach' in records) (records as Payload[]).forEach(visit);
    else for (const record of records) visit(record);
    return { count: payloads.length, payloads };
  }
}

function textOf(record: Payload): string {
  if (typeof record === 'string') return record;
  if (record instanceof Uint8Array) return decode(record);
  if ('text' in record) return record.text;
  const { value } = record;
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? decode(value) : '';
}

/** What `buffer.toString('utf8')` ends in; it takes any Uint8Array, so that none has to be wrapped. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
};

function decode(bytes: Uint8Array): string {
  return utf8Slice.call(bytes, 0, bytes.length);
}
