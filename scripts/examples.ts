// Runs every example, `examples/<name>/main.ts`, in a short form; an example that exits with anything but 0 has failed.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What makes an example short; the others are short as they are. */
const shortForm: Readonly<Record<string, readonly string[]>> = {
  flights: ['--limit', '50000'],
};

const timeoutMs = 120_000;

const root = fileURLToPath(new URL('../', import.meta.url));
const names = readdirSync(join(root, 'examples'))
  .filter(name => existsSync(join(root, 'examples', name, 'main.ts')))
  .sort();
const failed: string[] = [];
for (const name of names) {
  const args = shortForm[name] ?? [];
  console.log(`\nexamples: ${[name, ...args].join(' ')}`);
  const { status, signal } = spawnSync('node', [`examples/${name}/main.ts`, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: timeoutMs,
  });
  if (status === 0) continue;
  console.error(`examples: ${name} ended with ${signal ?? status}`);
  failed.push(name);
}
console.log(`\nexamples: ${names.length - failed.length} of ${names.length} ran`);
process.exitCode = failed.length === 0 ? 0 : 1;
