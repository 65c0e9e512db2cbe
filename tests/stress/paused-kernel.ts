import { readFileSync } from 'node:fs';
import { type Kernel, kernelImports, type Shard, scratch } from '@lite-streams/core/internal';
import { compileKernel } from '../../packages/core/kernel/compile.ts';

/** Rounds of a loop before each store: some microseconds, most of a thread's time. */
const PAUSE_ROUNDS = 2_000;

/** The kernel with a pause before every store to the shard, for threads that are to die there. */
export async function compilePausedKernel(): Promise<WebAssembly.Module> {
  const url = new URL('../../packages/core/src/shard/kernel.wat', import.meta.url);
  const bytes = await compileKernel(readFileSync(url, 'utf8'), source => {
    const paused = source.replaceAll(
      /\(i(?:32|64)(?:\.atomic)?\.store \$shard/g,
      '(call $pause) $&',
    );
    const end = paused.lastIndexOf(')');
    return `${paused.slice(0, end)}
      (func $pause (local $round i32)
        (loop $rounds
          (local.set $round (i32.add (local.get $round) (i32.const 1)))
          (br_if $rounds (i32.lt_u (local.get $round) (i32.const ${PAUSE_ROUNDS})))))
    )`;
  });
  return new WebAssembly.Module(bytes);
}

/** Lets a thread's view of a shard run that kernel. */
export function pauseIn(shard: Shard, module: WebAssembly.Module): void {
  const imports = kernelImports(shard.memory, shard.plan, scratch(), false);
  const kernel = new WebAssembly.Instance(module, imports).exports as unknown as Kernel;
  (shard as { kernel: Kernel }).kernel = kernel;
}
