import type { TransformName } from './transforms.ts';

/** What the pipeline of `lite-streams consumer` is told by the query of its module's URL. */
export interface WindowedParameters {
  readonly topic: string;
  readonly output: string;
  readonly windowMs: number;
  /** How much older than the newest record of its producer a record may be. */
  readonly disorderMs: number;
  readonly transform: TransformName;
  /** How many values a result keeps. */
  readonly values: number;
}

export function windowedPipelineUrl(parameters: WindowedParameters): URL {
  const url = new URL('./windowed.ts', import.meta.url);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, String(value));
  return url;
}

export function parametersOf(moduleUrl: string): WindowedParameters {
  const { searchParams } = new URL(moduleUrl);
  const text = (name: keyof WindowedParameters): string => searchParams.get(name) as string;
  return {
    topic: text('topic'),
    output: text('output'),
    windowMs: Number(text('windowMs')),
    disorderMs: Number(text('disorderMs')),
    transform: text('transform') as TransformName,
    values: Number(text('values')),
  };
}
