import { expect, test } from 'vitest';
import { runCommand } from './command-line.ts';

const module = (name: string): string => `tests/integration/cli/modules/${name}.ts`;

test('lite-streams explain shows a plan as text and as a picture', async () => {
  const text = await runCommand(['explain', module('two-topics'), '--shards', '1']);
  expect(text.code).toBe(0);
  expect(text.stdout).toBe(
    [
      'pipeline "two-topics", group "pipeline/two-topics"',
      'stage 0: 1 task (0 on processor 0)',
      '  from-0: topic "a", text, monotonic, one task per shard',
      '  merge-2: merge',
      '  to-3: topic "out", text',
      'stage 1: 1 task (1 on processor 1)',
      '  from-1: topic "b", text, monotonic, one task per shard',
      '  merge-2: merge',
      '  to-3: topic "out", text',
      'dead letters: topic "two-topics.dead-letters"',
      '',
    ].join('\n'),
  );
  const { stdout } = await runCommand(['explain', module('two-topics'), '--mermaid']);
  expect(stdout).toMatch(/^flowchart LR\n {2}subgraph s0\["stage 0: 4 tasks"\]/);
});

test('lite-streams explain says what is wrong with a module', async () => {
  const { code, stdout, stderr } = await runCommand(['explain', module('no-default')]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('no pipeline as its default export');
});

test('lite-streams run takes a pipeline with one input', async () => {
  const { code, stderr } = await runCommand(['run', module('two-topics')], { input: '' });
  expect(code).toBe(1);
  expect(stderr).toContain('reads several topics ("a", "b")');
});
