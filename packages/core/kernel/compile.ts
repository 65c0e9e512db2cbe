/**
 * Turns `kernel.wat` into WebAssembly: puts in the numbers of the layout, and, for the explorer of
 * interleavings, replaces every access to shared memory by a call, before which it can switch to
 * another thread. The instrumented kernel is the same text: what is explored is what ships.
 */
import wabtModule from 'wabt';
import { KERNEL } from '../src/shard/layout.ts';

const FEATURES = { threads: true, multi_memory: true, bulk_memory: true, mutable_globals: true };

export async function compileKernel(
  source: string,
  options?: { instrument?: boolean },
): Promise<Uint8Array> {
  const wabt = await wabtModule();
  const numbered = putNumbers(source);
  const text = options?.instrument ? instrument(numbered) : numbered;
  const module = wabt.parseWat('kernel.wat', atomicsOnDefaultMemory(text), FEATURES);
  try {
    module.resolveNames();
    // The typings leave the argument out; without it, validation knows no threads.
    (module.validate as (features: typeof FEATURES) => void).call(module, FEATURES);
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

function putNumbers(source: string): string {
  return source.replaceAll(/%([A-Z_]+)%/g, (_, name: string) => {
    const value = (KERNEL as Record<string, number>)[name];
    if (value === undefined)
      throw new Error(`kernel.wat names %${name}%, which layout.ts does not`);
    return String(value);
  });
}

/** wabt does not resolve a memory's name in an atomic instruction; the shard is memory 0 anyway. */
function atomicsOnDefaultMemory(source: string): string {
  return source.replaceAll(/(\(i(?:32|64)\.atomic\.[a-z.]+) \$shard/g, '$1');
}

/** The instrumented instructions: name of the import, WebAssembly signature. */
const ACCESSES = [
  ['i32.atomic.load', '(param i32) (result i32)'],
  ['i64.atomic.load', '(param i32) (result i64)'],
  ['i32.atomic.store', '(param i32 i32)'],
  ['i64.atomic.store', '(param i32 i64)'],
  ['i32.atomic.rmw.add', '(param i32 i32) (result i32)'],
  ['i32.atomic.rmw.cmpxchg', '(param i32 i32 i32) (result i32)'],
  ['i64.atomic.rmw.cmpxchg', '(param i32 i64 i64) (result i64)'],
  ['i32.load', '(param i32) (result i32)'],
  ['i64.load', '(param i32) (result i64)'],
  ['i32.store', '(param i32 i32)'],
  ['i64.store', '(param i32 i64)'],
] as const;

function instrument(source: string): string {
  let text = source;
  const wrappers: string[] = [];
  for (const [name, signature] of ACCESSES) {
    text = text.replaceAll(`(${name} $shard `, `(call $step:${name} `);
    const count = signature.match(/\(param ([^)]*)\)/)?.[1]?.split(' ').length ?? 0;
    const operands = Array.from({ length: count }, (_, i) => `(local.get ${i})`).join(' ');
    wrappers.push(
      `(func $step:${name} ${signature} (call $schedule (local.get 0)) (${name} $shard ${operands}))`,
    );
  }
  // Copies of payload are accesses too: one step before each.
  text = text.replaceAll('(memory.copy $shard $scratch ', '(call $step:write ');
  text = text.replaceAll('(memory.copy $scratch $shard ', '(call $step:read ');
  wrappers.push(
    '(func $step:write (param i32 i32 i32) (call $schedule (local.get 0)) (memory.copy $shard $scratch (local.get 0) (local.get 1) (local.get 2)))',
    '(func $step:read (param i32 i32 i32) (call $schedule (local.get 1)) (memory.copy $scratch $shard (local.get 0) (local.get 1) (local.get 2)))',
  );
  const open = text.indexOf('(module') + '(module'.length;
  return `${text.slice(0, open)}
  (import "explorer" "schedule" (func $schedule (param i32)))
${text.slice(open, text.lastIndexOf(')'))}
  ${wrappers.join('\n  ')}
)`;
}
