import type { DeliveryToken, Topic } from '@lite-streams/core';
import { type Result, WINDOW_MS } from './pipeline.ts';
import { readSample, type Sample } from './sample.ts';

/** What one producer has sent to one shard, in order. */
interface Sent {
  readonly numbers: number[];
  acknowledged: number;
}

/** One record as it stands in a shard. */
interface Standing {
  readonly shard: number;
  readonly offset: number;
  readonly text: string;
}

/** What must be true, kept outside of the engine: it outlives every crash. */
export class Ledger {
  readonly faults: string[] = [];
  private readonly sent = new Map<string, Sent>();
  /** What the readers' group was given: records, and by shard the offset behind the last. */
  private readonly given = new Set<string>();
  private readonly givenTo = new Map<number, number>();
  /** What the system outside was handed, by token; and the last token of each writer. */
  private readonly tokens = new Map<string, string>();
  private readonly lastTokens = new Map<string, string>();
  /** Results of whoever goes by all tokens, and by the last ones alone. */
  private readonly byAll: Result[] = [];
  private readonly byLast: Result[] = [];
  private eventTime = 0;
  acknowledgedRecords = 0;

  fault(what: string): void {
    this.faults.push(what);
  }

  /** Time as the records have it: it goes on whatever the clock does. */
  nextTime(stepMs: number): number {
    this.eventTime += stepMs;
    return this.eventTime;
  }

  hasSent(producer: number, shard: number, n: number): void {
    this.of(producer, shard).numbers.push(n);
  }

  /** So many of what a producer sent to a shard are acknowledged. */
  acknowledged(producer: number, shard: number, count: number): void {
    const sent = this.of(producer, shard);
    if (count <= sent.acknowledged) return;
    this.acknowledgedRecords += count - sent.acknowledged;
    sent.acknowledged = count;
  }

  countSent(producer: number, shard: number): number {
    return this.of(producer, shard).numbers.length;
  }

  gave({ shard, offset, text }: Standing): void {
    this.given.add(nameOf(shard, offset, text));
  }

  gaveTo(shard: number, end: number): void {
    this.givenTo.set(shard, Math.max(end, this.givenTo.get(shard) ?? 0));
  }

  /** A batch came to the system outside. */
  received(token: DeliveryToken, results: readonly Result[]): void {
    const text = JSON.stringify(results);
    const before = this.tokens.get(token.text);
    if (before === undefined) this.byAll.push(...results);
    else if (before !== text) this.fault(`outside: ${token} comes again with other results`);
    this.tokens.set(token.text, text);
    if (!token.isAfter(this.lastTokens.get(token.writer))) return;
    this.byLast.push(...results);
    this.lastTokens.set(token.writer, token.text);
  }

  /** After a recovery: what a group has committed, it was given. */
  checkCommitted(offsets: readonly number[] | undefined, ends: readonly number[]): void {
    for (const [shard, offset] of (offsets ?? []).entries()) {
      if (offset > ends[shard]) this.fault(`a group stands at ${offset} of ${ends[shard]}`);
    }
  }

  /** The inputs as they stand: everything acknowledged, in order, once, and nothing else. */
  checkInputs(topic: Topic): void {
    const found = new Map<string, number[]>();
    for (const { shard, offset, text } of recordsOf(topic)) {
      const sample = readSample(text);
      if (sample === undefined) {
        this.fault(`in/${shard} holds at ${offset} what nobody sent: ${text.slice(0, 40)}`);
        continue;
      }
      const name = `${sample.p}/${shard}`;
      const numbers = found.get(name);
      if (numbers === undefined) found.set(name, [sample.n]);
      else numbers.push(sample.n);
    }
    for (const [name, { numbers, acknowledged }] of this.sent) {
      const there = found.get(name) ?? [];
      found.delete(name);
      const wrong = there.findIndex((n, i) => n !== numbers[i]);
      if (wrong >= 0) {
        this.fault(
          `producer/shard ${name}: ${there[wrong]} stands where ${numbers[wrong]} was sent`,
        );
      }
      if (there.length < acknowledged) {
        this.fault(`producer/shard ${name}: ${acknowledged} acknowledged, ${there.length} there`);
      }
    }
    for (const name of found.keys()) this.fault(`producer/shard ${name} has sent nothing`);
  }

  /** Nothing is given twice, whenever one looks; at the `end` everything is given. */
  checkOutputs(input: Topic, late: Topic, output: Topic, end: boolean): void {
    const expected = windowsOf(input, late);
    for (const results of [this.byAll, this.byLast]) this.checkOutside(results, expected, end);
    const seen = new Set<string>();
    for (const { shard, offset, text } of recordsOf(output)) {
      const { key, start, count, sum } = JSON.parse(text) as Result;
      const name = `${key}/${start}`;
      if (seen.has(name)) this.fault(`the window ${name} is given twice`);
      seen.add(name);
      if (end && expected.get(name) !== `${count}/${sum}`) {
        this.fault(`the window ${name} has ${count}/${sum}, not ${expected.get(name)}`);
      }
      if (end && !this.given.has(nameOf(shard, offset, text))) {
        this.fault(`out/${shard} at ${offset} was given to no reader`);
      }
    }
    if (!end) return;
    for (const name of expected.keys()) {
      if (!seen.has(name)) this.fault(`the window ${name} is missing`);
    }
  }

  private checkOutside(
    results: readonly Result[],
    expected: ReadonlyMap<string, string>,
    end: boolean,
  ): void {
    const seen = new Set<string>();
    for (const { key, start, count, sum } of results) {
      const name = `${key}/${start}`;
      if (seen.has(name)) this.fault(`outside: the window ${name} comes twice`);
      seen.add(name);
      if (end && expected.get(name) !== `${count}/${sum}`) {
        this.fault(`outside: the window ${name} has ${count}/${sum}, not ${expected.get(name)}`);
      }
    }
    if (!end) return;
    for (const name of expected.keys()) {
      if (!seen.has(name)) this.fault(`outside: the window ${name} is missing`);
    }
  }

  private of(producer: number, shard: number): Sent {
    const name = `${producer}/${shard}`;
    let sent = this.sent.get(name);
    if (sent === undefined) {
      sent = { numbers: [], acknowledged: 0 };
      this.sent.set(name, sent);
    }
    return sent;
  }

  /** How far the readers' group was given anything. */
  furthestGiven(shard: number): number {
    return this.givenTo.get(shard) ?? 0;
  }
}

function nameOf(shard: number, offset: number, text: string): string {
  return `${shard}/${offset}/${text}`;
}

/** What the windows of the inputs must give, but for values that were too late for them. */
function windowsOf(input: Topic, late: Topic): Map<string, string> {
  const windows = new Map<string, { count: number; sum: number }>();
  const take = (samples: Iterable<Sample>, sign: number): void => {
    for (const { k, t, v } of samples) {
      const name = `${k}/${Math.floor(t / WINDOW_MS) * WINDOW_MS}`;
      const window = windows.get(name) ?? { count: 0, sum: 0 };
      windows.set(name, { count: window.count + sign, sum: window.sum + sign * v });
    }
  };
  take(samplesOf(input), 1);
  take(samplesOf(late), -1);
  const left = [...windows].filter(([, { count }]) => count !== 0);
  return new Map(left.map(([name, { count, sum }]) => [name, `${count}/${sum}`]));
}

function* samplesOf(topic: Topic): Iterable<Sample> {
  for (const { text } of recordsOf(topic)) {
    const sample = readSample(text);
    if (sample !== undefined) yield sample;
  }
}

/** Everything that stands in a topic, read by a group of its own. */
export function recordsOf(topic: Topic): Standing[] {
  const records: Standing[] = [];
  const reader = topic.consume({ group: 'examiner', from: 'earliest' });
  for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
    for (const { shard, offset, text } of batch) records.push({ shard, offset, text });
  }
  reader.close();
  topic.deleteGroup('examiner');
  return records;
}
