import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { coreLayers, namelessNames, type Part, parts, reservedNames } from './layers.ts';
import { mentionsOf } from './source.ts';

const coreDirectory = 'packages/core/src';

/** What is wrong with one source, a sentence each; nothing for a source that keeps every rule. */
export function violationsOf(path: string, source: string): string[] {
  const { specifiers, names } = mentionsOf(path, source);
  const part = parts.find(({ directory }) => path.startsWith(`${directory}/`));
  const found: string[] = [];
  if (part) {
    for (const specifier of specifiers) {
      const problem = specifier.startsWith('.')
        ? relativeImportProblem(part, path, specifier)
        : packageImportProblem(part, specifier);
      if (problem) found.push(problem);
    }
  }
  for (const { name, within, only, why } of reservedNames) {
    const applies = within.some(directory => path.startsWith(`${directory}/`));
    const allowed = only.some(prefix => path.startsWith(prefix));
    if (applies && !allowed && names.has(name)) {
      found.push(`names ${name}, which belongs to ${only.join(' and ')}: ${why}`);
    }
  }
  const basename = posix.basename(path).split('.')[0];
  if (basename && namelessNames.includes(basename)) {
    found.push(`is called ${basename}: name it for what it holds`);
  }
  return found.map(problem => `${path} ${problem}`);
}

function packageImportProblem(part: Part, specifier: string): string | undefined {
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `imports ${specifier} without node:`;
    if (part.forbiddenBuiltins.includes(specifier)) return `imports ${specifier}`;
    return undefined;
  }
  const known = part.packages.some(name => specifier === name || specifier.startsWith(`${name}/`));
  return known ? undefined : `imports ${specifier}, which ${part.directory} may not`;
}

function relativeImportProblem(part: Part, path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith(`${part.directory}/`)) {
    return `reaches out of ${part.directory} by ${specifier}`;
  }
  if (part.directory !== coreDirectory) return undefined;

  const from = coreLayer(path);
  const to = coreLayer(target);
  const below = coreLayers[from];
  if (!below) return `stands in ${from}, which has no row in layers.ts`;
  if (from === to || below.includes(to)) return undefined;
  return `imports ${specifier}, but ${from} does not stand on ${to}`;
}

/** `packages/core/src/shard/owner.ts` → `shard`; `packages/core/src/errors.ts` → `errors`. */
function coreLayer(path: string): string {
  const [first = ''] = path.slice(coreDirectory.length + 1).split('/');
  return first.replace(/\.ts$/, '');
}
