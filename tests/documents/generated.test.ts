import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@lite-streams/core';
import { expect, test } from 'vitest';
import { documents } from '../../scripts/docs.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The sources of the packages, tests aside, by path. */
function sources(): Map<string, string> {
  const paths = ['core', 'workers', 'cli'].flatMap(name => {
    const directory = join(root, 'packages', name, 'src');
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return files.map(file => join(directory, file));
  });
  const ours = paths.filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'));
  return new Map(ours.map(path => [path, readFileSync(path, 'utf8')]));
}

test.each([...documents()])(
  '%s is what its table makes (run `node scripts/docs.ts`)',
  (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  },
);

test('every error code is documented, and every documented one is thrown somewhere', () => {
  const document = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const documented = [...document.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(documented).toEqual(Object.keys(ERRORS));
  const texts = [...sources()].filter(([path]) => !path.endsWith('/errors.ts'));
  const unused = documented.filter(code => !texts.some(([, text]) => text.includes(`'${code}'`)));
  expect(unused).toEqual([]);
});
