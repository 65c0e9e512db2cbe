import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Skipped } from '../runner/measurable.ts';

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url));
const FOLDERS = ['core', 'workers', 'cli'] as const;

interface Manifest {
  readonly name: string;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * A project in a temporary directory that has the packages installed as they are published: their
 * built JavaScript, resolved through `node_modules`. Throws `Skipped` where they have not been built.
 */
export function publishedProject(): string {
  for (const folder of FOLDERS) checkBuilt(join(PACKAGES, folder));
  const project = mkdtempSync(join(tmpdir(), 'lite-streams-published-'));
  for (const folder of FOLDERS) install(join(PACKAGES, folder), project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  return project;
}

/** A build that is older than its sources would be measured in their name. */
function checkBuilt(folder: string): void {
  const index = join(folder, 'dist', 'index.js');
  const builtMs = statSync(index, { throwIfNoEntry: false })?.mtimeMs;
  if (builtMs === undefined) throw new Skipped('needs the published build: run pnpm build first');
  const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  const newer = sources
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .find(path => statSync(join(folder, 'src', path)).mtimeMs > builtMs);
  if (newer === undefined) return;
  throw new Skipped(`needs the published build of now (${newer} is newer): run pnpm build first`);
}

function install(source: string, project: string): void {
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest;
  const target = join(project, 'node_modules', manifest.name);
  mkdirSync(target, { recursive: true });
  cpSync(join(source, 'dist'), join(target, 'dist'), { recursive: true });
  // What `pnpm pack` does: the fields under `publishConfig` replace those above them.
  const published = { ...manifest, ...manifest.publishConfig };
  writeFileSync(join(target, 'package.json'), JSON.stringify(published));
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const link = join(project, 'node_modules', name);
    const workspace = join(source, 'node_modules', name);
    if (name.startsWith('@lite-streams/') || existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(workspace, link);
  }
}
