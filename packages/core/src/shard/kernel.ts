import type { Scratch } from '../memory/scratch.ts';
import { KERNEL_WASM } from './kernel.wasm.ts';
import type { ShardPlan } from './layout.ts';

/** What `kernel.wat` exports; its comments say what each does. All numbers are 32-bit integers. */
export interface Kernel {
  append(producer: number, source: number, count: number, bytes: number, meta: number): number;
  help(): number;
  advanceEra(): void;
  floor(): number;
  committed(group: number): number;
  poll(group: number, lease: number, max: number): number;
  release(lease: number, holds: number, from: number): number;
  copyOut(from: number, count: number, slotsTo: number, dataTo: number, dataRoom: number): number;
  repair(): number;
  clearIntent(producer: number): void;
}

let compiled: WebAssembly.Module | undefined;

function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL_WASM), c => c.charCodeAt(0)));
  return compiled;
}

/** What the kernel is told about a shard. */
export function kernelImports(
  memory: WebAssembly.Memory,
  plan: ShardPlan,
  scratch: Scratch,
  fenceClaims: boolean,
): Record<string, Record<string, WebAssembly.Memory | number>> {
  return {
    scratch: { memory: scratch.memory },
    shard: {
      memory,
      slotMask: plan.slots - 1,
      lapShift: Math.log2(plan.slots),
      slotsAt: plan.slotsAt,
      dataAt: plan.dataAt,
      dataGranules: plan.dataBytes / 8,
      producersAt: plan.producersAt,
      producersEnd: plan.producersEnd,
      groupsAt: plan.groupsAt,
      groupsEnd: plan.groupsEnd,
      groupBytes: plan.groupBytes,
      maxRecordBytes: plan.maxRecordBytes,
      fenceClaims: fenceClaims ? 1 : 0,
    },
  };
}

// On x86 a compare-and-swap is a full barrier already; elsewhere the payload's plain stores could
// become visible before the claim that a validating reader looks for.
const FENCE_CLAIMS = process.arch !== 'x64' && process.arch !== 'ia32';

export function instantiateKernel(
  memory: WebAssembly.Memory,
  plan: ShardPlan,
  scratch: Scratch,
): Kernel {
  const imports = kernelImports(memory, plan, scratch, FENCE_CLAIMS);
  return new WebAssembly.Instance(kernelModule(), imports).exports as unknown as Kernel;
}
