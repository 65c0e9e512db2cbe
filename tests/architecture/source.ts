import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'vite';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** TypeScript files under a directory of the repository, as paths from its root with `/`. */
export function sourcesUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .map(path => `${directory}/${path.split(sep).join('/')}`)
    .filter(path => path.endsWith('.ts'))
    .filter(path => !/(^|\/)(node_modules|dist)\//.test(path))
    .sort();
}

export interface Mentions {
  /** Module specifiers: imports of values and of types, re-exports, `import()`, and `new URL(…, import.meta.url)`. */
  readonly specifiers: ReadonlySet<string>;
  /** Identifiers, names of members aside, and `object.member` pairs. */
  readonly names: ReadonlySet<string>;
}

/** What a source mentions, read from its syntax tree: comments and strings do not count. */
export function mentionsOf(path: string, source: string): Mentions {
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error) throw new Error(`${path}: ${error.message}`);

  const specifiers = new Set<string>();
  const names = new Set<string>();
  const namesOfMembers = new Set<object>();
  const skipKey = (node: { readonly key: object; readonly computed: boolean }): void => {
    if (!node.computed) namesOfMembers.add(node.key);
  };
  // A parent is visited before its children.
  new Visitor({
    ImportDeclaration: node => void specifiers.add(node.source.value),
    ExportAllDeclaration: node => void specifiers.add(node.source.value),
    ExportNamedDeclaration: node => {
      if (node.source) specifiers.add(node.source.value);
    },
    TSImportType: node => void specifiers.add(node.source.value),
    ImportExpression: node => {
      if (node.source.type === 'Literal') specifiers.add(String(node.source.value));
    },
    NewExpression: node => {
      const [target, base] = node.arguments;
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL';
      if (isUrl && target?.type === 'Literal' && base?.type === 'MemberExpression') {
        specifiers.add(String(target.value));
      }
    },
    Property: node => {
      if (!node.shorthand) skipKey(node);
    },
    MethodDefinition: skipKey,
    PropertyDefinition: skipKey,
    TSMethodSignature: skipKey,
    TSPropertySignature: skipKey,
    MemberExpression: node => {
      if (node.computed) return;
      namesOfMembers.add(node.property);
      if (node.object.type === 'Identifier' && node.property.type === 'Identifier') {
        names.add(`${node.object.name}.${node.property.name}`);
      }
    },
    Identifier: node => {
      if (!namesOfMembers.has(node)) names.add(node.name);
    },
  }).visit(program);
  return { specifiers, names };
}
