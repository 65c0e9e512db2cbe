import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { QUERIES } from '../../bench/nexmark/catalog.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/nexmark.md');

test.each(['q7', 'q8', 'q17'])('the %s that docs/nexmark.md shows is the one that runs', name => {
  expect(page).toContain(read(`bench/nexmark/queries/${name}.ts`).trimEnd());
});

test('docs/nexmark.md has a row for every query', () => {
  const rows = [...page.matchAll(/^\| \[`(q\d+)`\]/gm)].map(([, name]) => name);
  expect(rows).toEqual(QUERIES.map(({ name }) => name));
});
