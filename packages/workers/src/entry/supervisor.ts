import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { SupervisorBoot } from '../protocol/boot.ts';
import { Supervisor } from '../supervisor/supervisor.ts';

if (isMainThread || parentPort === null) {
  throw new Error('This file is the entry of the supervisor thread.');
}
const { directory } = (workerData as SupervisorBoot).config;
// What files take is loaded where there are files: an engine in memory starts sooner without.
const epochs =
  directory === undefined ? undefined : (await import('../storage/open-epochs.ts')).open(directory);
new Supervisor(workerData, parentPort, epochs);
