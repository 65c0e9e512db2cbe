import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCommand } from './cli/command-line.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const readme = read('README.md');

test('the code in the README is that of the examples', () => {
  const blocks = [...readme.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)];
  expect(blocks.map(([, path]) => path)).toEqual([
    'examples/delays/pipeline.ts',
    'examples/delays/main.ts',
  ]);
  for (const [, path, code] of blocks) expect(code, path).toBe(read(path));
});

test.each(['README.md', 'docs/cli.md', 'docs/pipelines.md'])('what %s links to is there', path => {
  const links = [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(0);
  for (const link of links) {
    if (/^https?:/.test(link)) continue;
    expect(existsSync(new URL(link, new URL(path, root))), link).toBe(true);
  }
});

test.each(['producer', 'consumer', 'run', 'explain', 'bench'])(
  'docs/cli.md knows the options of %s',
  async command => {
    const { stdout } = await runCommand([command, '--help']);
    const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
    expect(options.length).toBeGreaterThan(2);
    const cli = read('docs/cli.md');
    const untold = options.filter(option => option !== '--help' && !cli.includes(option));
    expect(untold).toEqual([]);
  },
);

test('the plan in docs/pipelines.md is that of its example, as text and as a picture', async () => {
  const page = read('docs/pipelines.md');
  const path = 'examples/shop/pipeline.ts';
  expect(page).toContain(`\`\`\`ts\n// ${path}\n${read(path)}\`\`\``);
  const { stdout: text } = await runCommand(['explain', path]);
  expect(page).toContain(`$ lite-streams explain ${path}\n${text}\`\`\``);
  const { stdout: mermaid } = await runCommand(['explain', path, '--mermaid']);
  expect(page).toContain(`\`\`\`mermaid\n${mermaid}\`\`\``);
});
