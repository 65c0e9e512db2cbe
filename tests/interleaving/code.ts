import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileKernel } from '../../packages/core/kernel/compile.ts';
import { instrument } from './instrument.ts';

type Core = typeof import('@lite-streams/core/internal');

/** The code under exploration: the kernel, instrumented, and the TypeScript around it. */
export interface ExploredCode {
  readonly kernel: WebAssembly.Module;
  readonly Shard: Core['Shard'];
  readonly ShardOwner: Core['ShardOwner'];
  readonly GroupCursor: Core['GroupCursor'];
  readonly GroupReader: Core['GroupReader'];
  readonly Bell: Core['Bell'];
  readonly parkSync: Core['parkSync'];
}

/** A change of a source: `from` must stand in it exactly once. */
export interface Edit {
  /** From `packages/core/src`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const sources = new URL('../../packages/core/src/', import.meta.url);
const KERNEL_FILE = 'shard/kernel.wat';
const MODULES = {
  Shard: 'shard/shard.ts',
  ShardOwner: 'shard/owner.ts',
  GroupCursor: 'shard/group-cursor.ts',
  GroupReader: 'shard/group-reader.ts',
  Bell: 'memory/bell.ts',
  parkSync: 'memory/park.ts',
} as const;

/** The code as it ships, or with `edits` that plant a bug. */
export async function loadCode(edits: readonly Edit[] = []): Promise<ExploredCode> {
  const known = [KERNEL_FILE, ...Object.values(MODULES)];
  for (const { file } of edits) {
    if (!known.includes(file)) throw new Error(`${file} is not among the explored sources`);
  }
  const kernel = await compileKernel(edited(KERNEL_FILE, edits), instrument);
  const code: Record<string, unknown> = { kernel: new WebAssembly.Module(kernel) };
  for (const [name, file] of Object.entries(MODULES)) {
    const changed = edits.some(edit => edit.file === file);
    const module = changed
      ? await importText(file, edited(file, edits))
      : await import(new URL(file, sources).href);
    code[name] = module[name];
  }
  return code as unknown as ExploredCode;
}

function edited(file: string, edits: readonly Edit[]): string {
  let text = readFileSync(new URL(file, sources), 'utf8');
  for (const edit of edits) {
    if (edit.file !== file) continue;
    const parts = text.split(edit.from);
    if (parts.length !== 2) {
      throw new Error(
        `${file} has this text ${parts.length - 1} times, not once; it may have been rewritten since ` +
          `the bug was planted in it:\n${edit.from}`,
      );
    }
    text = parts.join(edit.to);
  }
  return text;
}

/** Imports a changed module in place of the one in `file`; what it imports is not changed. */
async function importText(file: string, text: string): Promise<Record<string, unknown>> {
  const absolute = text.replaceAll(
    /(from ')(\.[^']+)(')/g,
    (_, before: string, path: string, after: string) =>
      before + new URL(path, new URL(file, sources)).href + after,
  );
  const directory = mkdtempSync(join(tmpdir(), 'lite-streams-planted-'));
  try {
    const path = join(directory, 'module.mts');
    writeFileSync(path, absolute);
    return await import(pathToFileURL(path).href);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
