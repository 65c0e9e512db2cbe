import type { Edit } from '../code.ts';

/** A bug planted on purpose: what the explorer must find. */
export interface PlantedBug {
  /** The rule that it breaks. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** The name of the case in which it shows. */
  readonly found: string;
  /** Edits that break no rule, without which the bug would be hidden by another rule. */
  readonly allowed?: readonly Edit[];
}

/** A change of the kernel; `from` stands in it once. */
export function inKernel(from: string, to: string): Edit {
  return { file: 'shard/kernel.wat', from, to };
}

export function inOwner(from: string, to: string): Edit {
  return { file: 'shard/owner.ts', from, to };
}
