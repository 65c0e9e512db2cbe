import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Supervisor } from '../supervisor/supervisor.ts';

if (isMainThread || parentPort === null) {
  throw new Error('This file is the entry of the supervisor thread.');
}
new Supervisor(workerData, parentPort);
