import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { runOwner } from '../owner/owner-thread.ts';

if (isMainThread || parentPort === null)
  throw new Error('This file is the entry of an owner thread.');
await runOwner(workerData, parentPort);
