import { type Pipeline, StreamError } from '@lite-streams/core';
import { pipelineOf } from '@lite-streams/core/internal';

/**
 * Imports a pipeline module on this thread. Throws `MODULE_NOT_LOADED` with whatever was thrown as
 * its cause, `MODULE_NO_DEFAULT`, `INVALID_PIPELINE`.
 */
export async function loadPipeline(module: string, name: string | undefined): Promise<Pipeline> {
  let exported: unknown;
  try {
    exported = await import(module);
  } catch (cause) {
    // What the builder says about a pipeline is more to the point than that its module threw.
    if (cause instanceof StreamError) throw cause;
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new StreamError(
      'MODULE_NOT_LOADED',
      `The pipeline module ${module} could not be loaded: ${why}`,
      { cause },
    );
  }
  const pipeline = pipelineOf(exported, module);
  return name === undefined ? pipeline : pipeline.named(name);
}
