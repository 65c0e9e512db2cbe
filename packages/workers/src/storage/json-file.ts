import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { fail } from '@lite-streams/core/internal';
import type { Disk } from './disk.ts';

/** A small file that is replaced whole: a line of JSON, then a line with its checksum. */
export function writeJson(disk: Disk, path: string, value: unknown): void {
  const next = `${path}.new`;
  const line = `${JSON.stringify(value)}\n`;
  const file = disk.openFile(next, 'create');
  try {
    file.write(Buffer.from(`${line}${checksum(line)}\n`), 0);
    file.dataSync();
  } finally {
    file.close();
  }
  disk.rename(next, path);
  disk.syncDirectory(dirname(path));
}

/** What `writeJson` wrote; `undefined` when there is no file. Throws `LOG_DAMAGED`. */
export function readJson(disk: Disk, path: string): unknown {
  if (disk.stat(path) === undefined) return undefined;
  const file = disk.openFile(path, 'read');
  let text: string;
  try {
    const bytes = Buffer.alloc(file.size());
    text = bytes.subarray(0, file.read(bytes, 0)).toString();
  } finally {
    file.close();
  }
  const end = text.indexOf('\n') + 1;
  const line = text.slice(0, end);
  if (end > 0 && text.slice(end) === `${checksum(line)}\n`) return JSON.parse(line);
  return fail(
    'LOG_DAMAGED',
    `${path} is damaged: its checksum does not fit. Put it back from a copy; the file of a group may ` +
      'be removed instead, then the group begins anew.',
  );
}

function checksum(line: string): string {
  return crc32(line).toString(16).padStart(8, '0');
}
