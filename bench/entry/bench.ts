// The process of one bench: sets it up, measures a round whenever it is told to, closes.

import { type Measurable, type Series, type Setup, Skipped } from '../runner/measurable.ts';
import type { FromBench, ToBench } from '../runner/messages.ts';

const { send } = process;
if (send === undefined)
  throw new Error('entry/bench.ts is started by the runner: use bench/main.ts');

let measurable: Measurable | undefined;

async function handle(message: ToBench): Promise<readonly Series[]> {
  switch (message.kind) {
    case 'setup': {
      const module = (await import(message.module)) as { default: Setup };
      measurable = await module.default(message.effort);
      return [];
    }
    case 'round':
      return (await measurable?.measure(message.effort)) ?? [];
    case 'close':
      await measurable?.close?.();
      return [];
  }
}

function refusal(error: unknown): FromBench {
  if (error instanceof Skipped) return { kind: 'skipped', message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failed', message };
}

function answer(message: FromBench, then = () => {}): void {
  send?.call(process, message, then);
}

process.on('message', (message: ToBench) => {
  handle(message).then(
    series => answer({ kind: 'done', series }, message.kind === 'close' ? leave : undefined),
    error => answer(refusal(error)),
  );
});

// What a bench leaves running must not show in the next one's figures.
function leave(): void {
  process.exit(0);
}
