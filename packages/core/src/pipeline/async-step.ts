import { shown } from '../errors.ts';
import type { MapAsyncStep } from './graph.ts';
import type { StepChecks } from './state-steps.ts';
import type { MapAsyncOptions } from './stream.ts';

const CONCURRENCY = 16;
const TIMEOUT_MS = 30_000;

/** The checked step of `.mapAsync()`. */
export function mapAsyncStep(
  checks: StepChecks,
  name: string,
  call: MapAsyncStep['call'],
  options: MapAsyncOptions = {},
): MapAsyncStep {
  checks.checkFunction(name, 'its argument', call);
  const { concurrency = CONCURRENCY, ordered = true, timeout, retries } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    checks.wrong(
      name,
      `has the concurrency ${String(concurrency)}; it must be a whole number from 1 on`,
    );
  }
  if (typeof ordered !== 'boolean') {
    checks.wrong(name, `has ordered ${shown(ordered)}; it must be true or false`);
  }
  if (retries !== undefined && (!Number.isSafeInteger(retries) || retries < 0)) {
    checks.wrong(name, `has the retries ${String(retries)}; they must be a whole number from 0 on`);
  }
  const timeoutMs =
    timeout === undefined ? TIMEOUT_MS : checks.duration(name, 'the timeout', timeout, 1);
  return { kind: 'mapAsync', name, call, concurrency, ordered, timeoutMs, retries };
}
