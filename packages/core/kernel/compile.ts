/**
 * Turns `kernel.wat` into WebAssembly: puts in the numbers of the layout. The explorer of
 * interleavings compiles the same text, rewritten so that every access to shared memory is a call.
 */
import wabtModule from 'wabt';
import { ENCODER } from '../src/record/encoder.ts';
import { KERNEL } from '../src/shard/layout.ts';

const FEATURES = {
  threads: true,
  multi_memory: true,
  bulk_memory: true,
  mutable_globals: true,
  reference_types: true,
};

export function compileKernel(
  source: string,
  rewrite: (source: string) => string = unchanged => unchanged,
): Promise<Uint8Array<ArrayBuffer>> {
  return compile(atomicsOnDefaultMemory(rewrite(putNumbers(source, KERNEL))));
}

export function compileEncoder(source: string): Promise<Uint8Array<ArrayBuffer>> {
  return compile(putNumbers(source, ENCODER));
}

async function compile(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await wabtModule();
  const module = wabt.parseWat('module.wat', text, FEATURES);
  try {
    module.resolveNames();
    // The typings leave the argument out; without it, validation knows no threads.
    (module.validate as (features: typeof FEATURES) => void).call(module, FEATURES);
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

function putNumbers(source: string, numbers: Readonly<Record<string, number>>): string {
  return source.replaceAll(/%([A-Z_]+)%/g, (_, name: string) => {
    const value = numbers[name];
    if (value === undefined)
      throw new Error(`kernel.wat names %${name}%, which its table does not`);
    return String(value);
  });
}

/** wabt does not resolve a memory's name in an atomic instruction; the shard is memory 0 anyway. */
function atomicsOnDefaultMemory(source: string): string {
  return source.replaceAll(/(\(i(?:32|64)\.atomic\.[a-z.]+) \$shard/g, '$1');
}
