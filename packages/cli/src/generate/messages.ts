import type { EngineDescriptor } from '@lite-streams/workers';
import type { GeneratorResult } from './generator.ts';
import type { Workload } from './workload.ts';

/** What a generator's thread is started with. */
export interface GeneratorBoot {
  readonly engine: EngineDescriptor;
  readonly topic: string;
  readonly workload: Workload;
  /** Which of the workload's threads this is. */
  readonly index: number;
}

/** `go`: every thread's producer is registered; record 0 is due at `startMs`. */
export type ToGenerator =
  | { readonly kind: 'go'; readonly startMs: number }
  | { readonly kind: 'stop' };

export type FromGenerator =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: GeneratorResult };
