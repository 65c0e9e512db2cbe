import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { root } from './source.ts';

const workspace = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
const pinned = `v${/^nodeVersion: (\S+)$/m.exec(workspace)?.[1]}`;

test('tests run on the pinned Node.js, whatever the machine brings', () => {
  expect(process.version).toBe(pinned);
  expect(workspace).toMatch(`\n  node: ${pinned.slice(1)}\n`);
});

test('threads run TypeScript sources as they are, across packages', async () => {
  const worker = new Worker(new URL('./fixture-thread.ts', import.meta.url));
  const [answer] = await once(worker, 'message');
  expect(answer).toEqual({ version: pinned, typescript: true });
});
