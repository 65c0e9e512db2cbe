import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The names that a table of contents exports. */
function exportsOf(path: string): string[] {
  const names: string[] = [];
  for (const [, list] of read(path).matchAll(/export (?:type )?\{([^}]*)\}/g)) {
    for (const entry of list.split(',')) {
      const name =
        entry
          .trim()
          .replace(/^type /, '')
          .split(' as ')
          .at(-1) ?? '';
      if (name !== '') names.push(name);
    }
  }
  return names;
}

const indexes = [
  'packages/core/src/index.ts',
  'packages/core/src/testing/index.ts',
  'packages/workers/src/index.ts',
];

test('docs/api.md names everything that is exported', () => {
  const page = read('docs/api.md');
  const missing = indexes
    .flatMap(exportsOf)
    .filter(name => !new RegExp(`\\b${name}\\b`).test(page));
  expect(missing).toEqual([]);
});
