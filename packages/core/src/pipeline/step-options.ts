import { type NamesOf, unknownOption } from '../config/option-names.ts';
import type { JoinType } from '../join/join.ts';
import type {
  AnyWindowOptions,
  DedupeOptions,
  DeliverOptions,
  LookupOptions,
  MapAsyncOptions,
  PipelineOptions,
  SinkOptions,
  SourceOptions,
  StepOptions,
  WindowJoinOptions,
} from './stream.ts';

const STEP: NamesOf<StepOptions> = { name: true };
const PIPELINE: NamesOf<PipelineOptions> = { deadLetters: true, checkpoint: true };
const SOURCE: NamesOf<SourceOptions<unknown>> = {
  ...STEP,
  timestamp: true,
  watermark: true,
  idleTimeout: true,
};
const WINDOW: NamesOf<AnyWindowOptions> = {
  ...STEP,
  allowedLateness: true,
  lateTo: true,
  panes: true,
  time: true,
  early: true,
  emit: true,
  trigger: true,
};
const DEDUPE: NamesOf<DedupeOptions<unknown, unknown>> = {
  ...STEP,
  within: true,
  by: true,
  time: true,
};
const MAP_ASYNC: NamesOf<MapAsyncOptions> = {
  ...STEP,
  concurrency: true,
  ordered: true,
  timeout: true,
  retries: true,
};
const JOIN: NamesOf<WindowJoinOptions<JoinType>> = {
  ...STEP,
  type: true,
  lateTo: true,
  allowedLateness: true,
};
const LOOKUP: NamesOf<LookupOptions<'left'>> = { ...STEP, type: true };
const SINK: NamesOf<SinkOptions<unknown, unknown>> = {
  ...STEP,
  key: true,
  headers: true,
  timestamp: true,
  end: true,
};

const DELIVER: NamesOf<DeliverOptions<unknown> & StepOptions> = {
  ...STEP,
  serde: true,
  maxBatch: true,
  timeout: true,
  retries: true,
  backoff: true,
  maxBackoff: true,
};

const BY_KIND: Readonly<Record<string, Readonly<Record<string, true>>>> = {
  pipeline: PIPELINE,
  from: SOURCE,
  window: WINDOW,
  dedupe: DEDUPE,
  mapAsync: MAP_ASYNC,
  join: JOIN,
  lookup: LOOKUP,
  to: SINK,
  deliver: DELIVER,
};

/**
 * What is wrong with the options of a step, or of a `pipeline`: a misspelt one would be a default without
 * a word.
 */
export function wrongOptions(kind: string, options: object | undefined): string | undefined {
  if (options === undefined) return undefined;
  const known = BY_KIND[kind] ?? STEP;
  if (options === null || typeof options !== 'object') {
    return `takes an object of options, not ${options === null ? 'null' : typeof options}`;
  }
  const unknown = unknownOption(options, known);
  if (unknown === undefined) return undefined;
  return `has no option ${JSON.stringify(unknown)}; there are ${Object.keys(known).join(', ')}`;
}
