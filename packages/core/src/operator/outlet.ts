import type { WaitingPlace } from '../memory/park.ts';
import { PlacedValue } from '../record/placed-value.ts';
import type { EpochOutputs, RecordSink } from './endpoints.ts';

type Field = string | Uint8Array | null | undefined;
type Headers = Readonly<Record<string, string | Uint8Array>> | null | undefined;

/**
 * A task's way out to one topic, and its outbox: the record that found no room waits here, and until
 * it is gone the task takes no input. One is enough, because whoever made it is suspended.
 */
export class Outlet {
  /** Where it leads. */
  readonly topic: string;
  private readonly openSink: () => RecordSink;
  private sink: RecordSink | undefined;
  private full = false;
  private key: Field;
  private value: Field;
  private timestamp = 0;
  private headers: Headers;

  /** The sink is opened when it is first needed. */
  constructor(openSink: () => RecordSink, topic = '') {
    this.topic = topic;
    this.openSink = openSink;
  }

  /** Opens the sink now: its producer counts from here on. */
  open(): this {
    this.sink ??= this.openSink();
    return this;
  }

  get places(): readonly WaitingPlace[] {
    return this.sink?.places ?? [];
  }

  /** Takes the record over; `false` when it waits for room. Throws what `tryAppend` throws. */
  push(key: Field, value: Field | PlacedValue, timestamp: number, headers: Headers): boolean {
    this.sink ??= this.openSink();
    if (this.sink.tryAppend(key, value, timestamp, headers)) return true;
    // Bytes are in the serde's hands, which serves every task of the thread: the next one writes there.
    this.key = held(key);
    this.value = held(value instanceof PlacedValue ? value.bytes() : value);
    this.timestamp = timestamp;
    this.headers = headers;
    this.full = true;
    return false;
  }

  resume(): boolean {
    if (!this.full) return true;
    const sink = this.sink as RecordSink;
    if (!sink.tryAppend(this.key, this.value, this.timestamp, this.headers)) return false;
    this.full = false;
    this.key = this.value = this.headers = undefined;
    return true;
  }

  /** `true` when everything taken over so far is published. */
  flush(): boolean {
    if (this.full) return false;
    return this.sink === undefined || this.sink.flush();
  }

  /** Whether all that was published is as safe as its topic makes it. */
  acknowledged(): boolean {
    return this.sink?.acknowledged?.() ?? true;
  }

  /** Of a sink that is open and gives its records epoch by epoch. */
  get epochs(): EpochOutputs | undefined {
    return this.sink?.epochs;
  }

  end(): void {
    this.sink?.end();
    this.sink = undefined;
  }
}

function held(field: Field): Field {
  return typeof field === 'object' && field !== null ? field.slice() : field;
}
