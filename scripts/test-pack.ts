// Proves the packages as published: packs them, installs the tarballs in an empty project, checks a small program
// against their types, and runs it and the command on every line of Node.js that `engines` names.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../packages/cli/package.json' with { type: 'json' };

const packages = ['core', 'workers', 'cli'];
const nodeMajors = [22, 24, 26];

const root = fileURLToPath(new URL('../', import.meta.url));

/** Runs a command and returns what it prints; shows it where the command fails. */
function run(command: string, args: readonly string[], cwd: string, path: string[] = []): string {
  const env = { ...process.env, PATH: [...path, process.env.PATH].join(delimiter) };
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status === 0) return stdout;
  if (stdout) console.error(stdout);
  throw error ?? new Error(`${command} ${args.join(' ')}: exit ${status}`);
}

function check(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

const work = mkdtempSync(join(tmpdir(), 'lite-streams-pack-'));
try {
  run('pnpm', ['build'], root);
  const tarballs = join(work, 'tarballs');
  mkdirSync(tarballs);
  for (const name of packages) {
    run('pnpm', ['pack', '--pack-destination', tarballs], join(root, 'packages', name));
  }
  const files = readdirSync(tarballs).map(file => join(tarballs, file));
  check('tarballs', String(files.length), String(packages.length));

  const project = join(work, 'project');
  cpSync(join(root, 'scripts', 'pack-project'), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', ['install', '--no-audit', '--no-fund', ...files, '@types/node@22'], project);
  run(join(root, 'node_modules', '.bin', 'tsc'), [], project);
  console.log('types: the program checks against the packed types');

  for (const major of nodeMajors) {
    const home = join(work, `node-${major}`);
    mkdirSync(home);
    writeFileSync(
      join(home, 'package.json'),
      JSON.stringify({ private: true, dependencies: { node: String(major) } }),
    );
    writeFileSync(join(home, 'pnpm-workspace.yaml'), 'allowBuilds: { node: true }\n');
    run('pnpm', ['install'], home);
    const node = [join(home, 'node_modules', '.bin')];
    const found = run('node', ['-p', 'process.versions.node'], project, node);
    check('the Node.js to test', found.split('.')[0] ?? '', String(major));
    process.stdout.write(run('node', ['program.ts'], project, node));
    const command = join(project, 'node_modules', '.bin', 'lite-streams');
    const version = run(command, ['--version'], project, node);
    check(`lite-streams --version on ${major}`, version.trim(), manifest.version);
    console.log(`node ${major}: lite-streams ${version.trim()}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
