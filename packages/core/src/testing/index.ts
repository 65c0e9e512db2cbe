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
export {
  PipelineTest,
  type TestPipelineOptions,
  type TestRecord,
  testPipeline,
} from './test-pipeline.ts';
