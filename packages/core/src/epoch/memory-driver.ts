import { fail, shown } from '../errors.ts';
import type { EpochDriver } from './driver.ts';
import type { Epoch } from './task-snapshot.ts';

/** Epochs on the heap of a thread that outlives the tasks: they survive those, and not the process. */
export class MemoryDriver implements EpochDriver {
  private readonly last = new Map<string, Epoch>();
  private readonly savepoints = new Map<string, Map<string, Epoch>>();

  restore(pipeline: string): Epoch | undefined {
    return this.last.get(pipeline);
  }

  commit(epoch: Epoch): void {
    this.last.set(epoch.pipeline, epoch);
  }

  save(name: string, epoch: Epoch): void {
    checkSavepointName(name);
    const named = this.savepoints.get(epoch.pipeline) ?? new Map<string, Epoch>();
    this.savepoints.set(epoch.pipeline, named.set(name, epoch));
  }

  saved(pipeline: string, name: string): Epoch {
    const named = this.savepoints.get(pipeline);
    return named?.get(name) ?? unknownSavepoint(pipeline, name, [...(named?.keys() ?? [])]);
  }

  forget(pipeline: string): void {
    this.last.delete(pipeline);
  }
}

/** Savepoints are also names of files. */
export function checkSavepointName(name: unknown): void {
  if (typeof name === 'string' && /^[\w.-]{1,64}$/.test(name) && !name.startsWith('.')) return;
  fail(
    'INVALID_OPTION',
    `A savepoint cannot have the name ${shown(name)}; it takes 1 to 64 of A-Z a-z 0-9 _ - . ` +
      'and does not begin with a dot.',
  );
}

export function unknownSavepoint(pipeline: string, name: string, known: readonly string[]): never {
  const has = known.length === 0 ? 'It has none.' : `It has ${known.join(', ')}.`;
  return fail('UNKNOWN_SAVEPOINT', `The pipeline "${pipeline}" has no savepoint "${name}". ${has}`);
}
