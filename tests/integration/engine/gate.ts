import { existsSync } from 'node:fs';

const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Keeps its thread until there is a file of this name in the directory `GATES`. */
export function blockUntilOpen(gate: string): void {
  while (!existsSync(`${process.env.GATES}/${gate}`)) Atomics.wait(nothing, 0, 0, 5);
}

/** Keeps its thread for so long. */
export function blockFor(ms: number): void {
  Atomics.wait(nothing, 0, 0, ms);
}
