import { resolve } from 'node:path';
import { EpochFiles } from './epoch-files.ts';
import { nodeDisk } from './node-disk.ts';

/** The epochs in the directory of an engine. */
export function open(directory: string): EpochFiles {
  return new EpochFiles(nodeDisk, resolve(directory));
}
