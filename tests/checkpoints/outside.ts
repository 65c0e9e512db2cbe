import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type Connector, DeliveryToken } from '@lite-streams/core';

/** One call that wrote: a line of the file. */
interface Line<T> {
  readonly token: DeliveryToken;
  readonly values: readonly T[];
}

/**
 * A system outside: a file that any number of threads and processes append to, one line for each batch.
 * A call takes up to `longestMs`, and some fail, before or after the line is written. Where the file is
 * stands in the environment variable OUTSIDE, so that a module finds it on every thread.
 */
export function fileOutside<T>(longestMs: number): Connector<T> {
  return {
    async write(results, { token, signal }) {
      const chance = Math.random();
      if (longestMs > 0) await wait(Math.random() * longestMs, undefined, { signal });
      if (chance < 0.1) throw new Error('the file has not been written');
      const line = JSON.stringify({ token, values: results.map(({ value }) => value) });
      // What a killed process left of a line is ended by the next one.
      appendFileSync(process.env.OUTSIDE as string, `\n${line}\n`);
      if (chance > 0.85) throw new Error('the file has been written');
    },
  };
}

/** What whoever goes by the tokens makes of such a file. */
export interface Taken<T> {
  /** Values by one who keeps every token, and by one who keeps the last of each writer. */
  readonly byAll: T[];
  readonly byLast: T[];
  /** Lines that came with a token again. */
  readonly again: number;
  /** Tokens that came with other values than before. */
  readonly changed: string[];
}

export function takenBy<T>(path: string): Taken<T> {
  const tokens = new Map<string, string>();
  const last = new Map<string, string>();
  const taken: Taken<T> & { again: number } = { byAll: [], byLast: [], again: 0, changed: [] };
  for (const { token, values } of linesOf<T>(path)) {
    const text = JSON.stringify(values);
    const before = tokens.get(token.text);
    if (before === undefined) taken.byAll.push(...values);
    else taken.again++;
    if (before !== undefined && before !== text) taken.changed.push(token.text);
    tokens.set(token.text, text);
    if (!token.isAfter(last.get(token.writer))) continue;
    taken.byLast.push(...values);
    last.set(token.writer, token.text);
  }
  return taken;
}

function* linesOf<T>(path: string): Iterable<Line<T>> {
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    let read: Line<T>;
    try {
      read = JSON.parse(line);
    } catch {
      continue;
    }
    yield { token: new DeliveryToken(read.token, read.token.sequence), values: read.values };
  }
}
