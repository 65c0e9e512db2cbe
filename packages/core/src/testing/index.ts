export type { ContextCell } from '../operator/context.ts';
export type { Asynchronous, Clocked, Operator } from '../operator/operator.ts';
export type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
export { MemorySink, type SunkRecord } from './memory-endpoints.ts';
export {
  type HarnessOptions,
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  type OperatorOutput,
  replayAsyncOperator,
  replayOperator,
} from './operator-harness.ts';
export { processOperator } from './process-maker.ts';
export {
  PipelineTest,
  type TestPipelineOptions,
  type TestRecord,
  testPipeline,
} from './test-pipeline.ts';
export { replayTwoInput, type TwoInputEvent, TwoInputHarness } from './two-input-harness.ts';
