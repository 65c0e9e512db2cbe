import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version of the package `lite-streams`: of the manifest nearest to this file. */
export function packageVersion(): string {
  const manifest = findPackageJSON(import.meta.url);
  if (manifest === undefined) throw new Error('The package.json of lite-streams is missing.');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
