import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadPipeline } from '@lite-streams/workers/internal';
import type { ExplainOptions } from '../commands/explain.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';

/** Prints the plan of a user's pipeline module. */
export async function explainModule(
  module: string,
  { mermaid, shards, processors }: ExplainOptions,
): Promise<ExitCode> {
  const { href } = pathToFileURL(resolve(module));
  const pipeline = await loadPipeline(href, undefined);
  const format = mermaid === true ? 'mermaid' : 'text';
  process.stdout.write(`${pipeline.explain({ format, shards, processors })}\n`);
  return EXIT.ok;
}
