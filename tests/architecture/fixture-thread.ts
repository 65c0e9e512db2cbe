import { parentPort } from 'node:worker_threads';
import * as core from '@lite-streams/core';

interface Answer {
  readonly version: string;
  readonly typescript: boolean;
}

const typescript = import.meta.resolve('@lite-streams/core').endsWith('/src/index.ts') && !!core;
parentPort?.postMessage({ version: process.version, typescript } satisfies Answer);
