import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

const documents = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name.replaceAll('\\', '/')}`),
];

/** The names by which the headings of a page can be linked to. */
function headingsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(documents)('what %s links to is there', path => {
  for (const [, link] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) continue;
    const [file, heading] = link.split('#');
    const to = new URL(file, new URL(path, root));
    if (file === '') to.pathname = new URL(path, root).pathname;
    expect(existsSync(to), link).toBe(true);
    if (heading !== undefined && /\.md$/.test(to.pathname)) {
      expect(headingsOf(readFileSync(to, 'utf8')), link).toContain(heading);
    }
  }
});

test.each(['producer', 'consumer', 'run', 'explain', 'inspect', 'repair', 'bench'])(
  'docs/cli.md knows the options of %s',
  async command => {
    const { stdout } = await runCommand([command, '--help']);
    const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
    expect(options.length).toBeGreaterThan(1);
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
