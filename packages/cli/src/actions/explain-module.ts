import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadPipeline } from '@lite-streams/workers/internal';
import type { ExplainOptions } from '../commands/explain.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { writeLines } from '../output/lines.ts';

/** Prints the plan of a user's pipeline module. */
export async function explainModule(
  module: string,
  { mermaid, shards, processors }: ExplainOptions,
): Promise<ExitCode> {
  const { href } = pathToFileURL(resolve(module));
  const pipeline = await loadPipeline(href, undefined);
  const format = mermaid === true ? 'mermaid' : 'text';
  await writeLines([pipeline.explain({ format, shards, processors })]);
  return EXIT.ok;
}
