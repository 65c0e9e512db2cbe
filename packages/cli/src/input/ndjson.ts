import { createReadStream } from 'node:fs';
import type { RecordInput } from '@lite-streams/core';
import { CommandError } from '../failure.ts';
import { linesOf } from './lines.ts';
import { LineError, type LineRules, parseRecordLine } from './record-line.ts';

export type OnError = 'skip' | 'fail';

export interface NdjsonOptions extends LineRules {
  /** A file, or `-` for standard input. */
  readonly path: string;
  /** What a line that is no record does. */
  readonly onError: OnError;
  /** Told of every line that is skipped. */
  readonly onSkip: (problem: string) => void;
  /** Ends the input as if the file ended here. */
  readonly signal: AbortSignal;
}

/** Takes a record, and waits where it has to. Refuses it by throwing an error that has a `code`. */
export type RecordTaker = (record: RecordInput) => void | Promise<void>;

/** How the input went. */
export interface NdjsonResult {
  lines: number;
  records: number;
  skipped: number;
}

/** Reads records, a line each; blank lines are none. */
export class NdjsonInput {
  readonly result: NdjsonResult = { lines: 0, records: 0, skipped: 0 };
  private readonly options: NdjsonOptions;
  private readonly name: string;

  constructor(options: NdjsonOptions) {
    this.options = options;
    this.name = options.path === '-' ? 'standard input' : options.path;
  }

  /**
   * Gives every record to `take`, in order. Throws `CommandError` naming the line that is wrong
   * (unless those are skipped), or the file.
   */
  async each(take: RecordTaker): Promise<void> {
    const { path, signal } = this.options;
    const stream: NodeJS.ReadableStream = path === '-' ? process.stdin : createReadStream(path);
    const end = (): void => {
      (stream as { destroy?: () => void }).destroy?.();
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      for await (const { first, lines } of linesOf(stream as AsyncIterable<Uint8Array>)) {
        for (let i = 0; i < lines.length; i++) {
          const taken = this.line(first + i, lines[i], take);
          if (taken !== undefined) await taken;
        }
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted && isPrematureEnd(error)) return;
      throw this.readable(error);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  private line(number: number, line: string, take: RecordTaker): void | Promise<void> {
    this.result.lines = number;
    if (line.trim() === '') return;
    try {
      const taken = take(parseRecordLine(line, this.options));
      this.result.records++;
      return taken;
    } catch (error) {
      this.wrongLine(number, error);
    }
  }

  private wrongLine(number: number, error: unknown): void {
    if (!isRecordFault(error)) throw error;
    const problem = `${this.name}:${number}: ${(error as Error).message}`;
    if (this.options.onError === 'fail') {
      throw new CommandError(`${problem} (--on-error skip goes on without such lines)`);
    }
    this.result.skipped++;
    this.options.onSkip(problem);
  }

  private readable(error: unknown): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new CommandError(`${this.name}: there is no such file`);
    if (code === 'EISDIR') return new CommandError(`${this.name}: a directory is no input`);
    if (code === 'EACCES') return new CommandError(`${this.name}: the file may not be read`);
    return error;
  }
}

/** Faults of one record; all others concern the whole run. */
const RECORD_FAULTS = new Set([
  'INVALID_KEY',
  'INVALID_VALUE',
  'INVALID_HEADER',
  'INVALID_TIMESTAMP',
  'RECORD_TOO_LARGE',
]);

function isRecordFault(error: unknown): boolean {
  return error instanceof LineError || RECORD_FAULTS.has((error as { code: string }).code);
}

/** What iterating a stream throws when it was destroyed. */
function isPrematureEnd(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR';
}
