import { isMainThread } from 'node:worker_threads';
import { runProcessor } from '../processor/processor-thread.ts';

if (isMainThread) throw new Error('This file is the entry of a processor, a task of the pool.');

export default runProcessor;
