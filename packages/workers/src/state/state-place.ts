import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StateBackend, StreamError } from '@lite-streams/core';
import type { EngineConfig } from '../engine-config.ts';
import { LmdbBackend, loadLmdb } from './lmdb-backend.ts';

/** Makes the place of a step's state in a task. */
export type OpenBackend = (pipeline: string, task: number, step: string) => StateBackend;

/**
 * What the engine does before any thread starts: sees that the backend is there, and makes a directory
 * of its own. Returns the options that its threads run with. Throws `STATE_BACKEND_MISSING`,
 * `STATE_FAILED`.
 */
export function preparePlace(config: EngineConfig): EngineConfig {
  if (config.stateBackend === 'heap') return config;
  try {
    createRequire(import.meta.url).resolve('lmdb');
  } catch (cause) {
    throw new StreamError(
      'STATE_BACKEND_MISSING',
      'stateBackend is "lmdb", and the package lmdb is not installed: npm install lmdb',
      { cause },
    );
  }
  const parent = config.stateDirectory ?? tmpdir();
  try {
    return Object.freeze({
      ...config,
      stateDirectory: mkdtempSync(join(parent, 'lite-streams-state-')),
    });
  } catch (cause) {
    throw new StreamError('STATE_FAILED', `No directory can be made in ${parent}: ${cause}`, {
      cause,
    });
  }
}

/** When the engine has stopped, and all threads with it. */
export function removePlace({ stateBackend, stateDirectory }: EngineConfig): void {
  if (stateBackend === 'heap' || stateDirectory === undefined) return;
  rmSync(stateDirectory, { recursive: true, force: true });
}

/** On a processor's thread: where state lies, `undefined` for the heap. */
export async function openPlace(config: EngineConfig): Promise<OpenBackend | undefined> {
  if (config.stateBackend === 'heap' || config.stateDirectory === undefined) return undefined;
  const lmdb = await loadLmdb();
  const { stateDirectory } = config;
  return () => new LmdbBackend(lmdb, mkdtempSync(join(stateDirectory, 'step-')));
}
