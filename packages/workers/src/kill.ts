import type { Engine } from './engine.ts';
import type { Supervised } from './supervised.ts';

/** Ends a thread of an engine as if it had crashed, at whatever it does: for tests and proofs. */
export function killThread(engine: Engine, role: 'owner' | 'processor', index: number): void {
  // No face of the engine, so that no user finds it.
  const { supervised } = engine as unknown as { supervised: Supervised };
  supervised.send({ kind: 'kill', role, index });
}
