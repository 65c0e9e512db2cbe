import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where benches write: on the disk of `BENCH_DIRECTORY`, or of the directory for temporary files. */
export class Place {
  readonly path: string = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'bench-'));

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a record of a 100-byte value without a key takes in a log: the record, and its entry in the frame. */
export const STORED_BYTES = 160 + 8;

/** Milliseconds that each of `times` bare appends of `bytes` bytes takes, each with its own flush. */
export function bareAppends(directory: string, bytes: number, times: number): number[] {
  const file = openSync(join(directory, 'bare'), 'w');
  const block = Buffer.alloc(bytes, 0x5a);
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    writeSync(file, block, 0, bytes, i * bytes);
    fdatasyncSync(file);
    tookMs.push(performance.now() - startMs);
  }
  closeSync(file);
  return tookMs;
}
