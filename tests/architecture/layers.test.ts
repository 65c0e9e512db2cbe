import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { coreLayers, parts } from './layers.ts';
import { root, sourcesUnder } from './source.ts';
import { violationsOf } from './violations.ts';

describe('layers', () => {
  const everywhere = [...parts.map(part => part.directory), 'bench', 'scripts', 'tests'];

  test.each(everywhere)('%s keeps every rule', directory => {
    const sources = sourcesUnder(directory)
      // Unit tests stand beside what they test and may use anything.
      .filter(path => !(path.startsWith('packages/') && path.endsWith('.test.ts')));
    if (directory.startsWith('packages/')) expect(sources).not.toEqual([]);
    const found = sources.flatMap(path =>
      violationsOf(path, readFileSync(join(root, path), 'utf8')),
    );
    expect(found).toEqual([]);
  });

  test('the table of core rises: a folder stands only on rows before its own', () => {
    const rows = Object.keys(coreLayers);
    for (const [row, below] of Object.entries(coreLayers)) {
      const before = rows.slice(0, rows.indexOf(row));
      expect(before, `below ${row}`).toEqual(expect.arrayContaining([...below]));
    }
  });

  test('the manifests promise what the table allows', () => {
    for (const { directory, packages } of parts) {
      const manifest = join(root, directory.replace(/\/src$/, ''), 'package.json');
      const { dependencies, peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
      const run = Object.keys({ ...dependencies, ...peerDependencies }).filter(
        name => !name.startsWith('@types/'),
      );
      expect(run.sort(), manifest).toEqual([...packages].sort());
    }
  });
});

describe('each rule catches what it forbids', () => {
  test.each([
    ['packages/core/src/shard/a.ts', "import { Worker } from 'node:worker_threads';"],
    ['packages/core/src/shard/a.ts', "import type { Stats } from 'node:fs';"],
    ['packages/core/src/shard/a.ts', "const fs = await import('node:fs');"],
    ['packages/core/src/shard/a.ts', "import { Engine } from '@lite-streams/workers';"],
    ['packages/core/src/shard/a.ts', "export * from 'lite-streams';"],
    ['packages/core/src/shard/a.ts', "import '../broker/topic.ts';"],
    ['packages/core/src/record/a.ts', "import type { Owner } from '../shard/owner.ts';"],
    ['packages/core/src/record/a.ts', "type Owner = import('../shard/owner.ts').Owner;"],
    ['packages/core/src/window/a.ts', "import '../operator/window.ts';"],
    ['packages/core/src/memory/a.ts', "import '../record/writer.ts';"],
    ['packages/core/src/newcomer/a.ts', "import '../errors.ts';"],
    ['packages/core/src/shard/a.ts', 'Atomics.load(words, 0);'],
    ['packages/core/src/shard/a.ts', 'const { load } = Atomics;'],
    ['packages/core/src/shard/a.ts', 'export const shared = { Atomics };'],
    ['packages/core/src/broker/a.ts', 'const now = Date.now();'],
    ['packages/core/src/pipeline/a.ts', 'setTimeout(retry, 10);'],
    ['packages/workers/src/owner/a.ts', 'Atomics.notify(words, 0);'],
    ['packages/workers/src/owner/a.ts', "import 'lite-streams';"],
    ['packages/workers/src/owner/a.ts', "import '../../../cli/src/main.ts';"],
    ['packages/workers/src/owner/a.ts', "import 'fs';"],
    ['packages/workers/src/owner/a.ts', "new URL('../../../cli/src/main.ts', import.meta.url);"],
    ['packages/cli/src/commands/a.ts', "import 'vitest';"],
    ['examples/flights/a.ts', "import '@lite-streams/core';"],
    ['examples/flights/a.ts', "import '../../packages/cli/src/index.ts';"],
    ['packages/cli/src/utils.ts', ''],
    ['bench/helpers.ts', ''],
    ['tests/common.ts', ''],
    ['tests/types.test.ts', ''],
  ])('%s: %s', (path, source) => {
    expect(violationsOf(path, source)).toHaveLength(1);
  });

  test.each([
    ['packages/core/src/memory/atomics.ts', 'Atomics.load(words, 0);'],
    [
      'packages/core/src/shard/a.ts',
      "// Atomics.load\nimport '../record/view.ts';\nimport './b.ts';",
    ],
    ['packages/core/src/pipeline/a.ts', 'clock.setTimeout(retry, { Atomics: 10 });'],
    ['packages/core/src/record/a.ts', "import { ByteBuffer } from 'flatbuffers';"],
    ['packages/workers/src/engine.ts', "new URL('./entry/owner.ts', import.meta.url);"],
    ['packages/workers/src/engine.ts', "import '@lite-streams/core/internal';"],
    ['examples/flights/a.ts', "import { Engine } from 'lite-streams';"],
  ])('and lets pass %s: %s', (path, source) => {
    expect(violationsOf(path, source)).toEqual([]);
  });
});
