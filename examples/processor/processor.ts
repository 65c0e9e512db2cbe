/** A record that a window function is given. */
export interface Payload {
  readonly payload: string;
}

/** Turns payloads into others, and windows of them into a text; without a transform, as they are. */
export class Processor {
  private readonly transform: (payload: string) => string;

  constructor(transform: (payload: string) => string = payload => payload) {
    this.transform = transform;
  }

  process(payload: string): string {
    return this.transform(payload);
  }

  /** `Count: 2, Payloads: A;B;` */
  processWindow(records: readonly Payload[]): string {
    const payloads = records.map(({ payload }) => `${this.process(payload)};`).join('');
    return `Count: ${records.length}, Payloads: ${payloads}`;
  }
}
