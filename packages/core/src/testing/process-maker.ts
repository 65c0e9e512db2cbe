import { fail } from '../errors.ts';
import type { Operator } from '../operator/operator.ts';
import { ProcessOperator } from '../operator/process.ts';
import type { ProcessFunctions, StateSpecs } from '../operator/process-context.ts';
import { processStep } from '../pipeline/state-steps.ts';
import { durationMs } from '../time/duration.ts';
import type { HarnessParts } from './operator-harness.ts';

/**
 * Makes the operator of a step of `process`, to try your own functions in an `OperatorHarness` or with
 * `replayOperator`. Throws `INVALID_PIPELINE` as `process` does.
 */
export function processOperator<T, K, S extends StateSpecs, R, Q>(
  functions: ProcessFunctions<T, K, S, R, Q>,
): (parts: HarnessParts) => Operator {
  const wrong = (step: string, what: string): never =>
    fail('INVALID_PIPELINE', `The step "${step}" ${what}.`);
  const step = processStep(
    {
      wrong,
      checkFunction: (name, what, given) => {
        if (typeof given !== 'function') wrong(name, `needs a function as ${what}`);
      },
      duration: (name, what, duration, leastMs) => {
        const ms = durationMs(duration);
        if (ms !== undefined && ms >= leastMs) return ms;
        return wrong(name, `has ${what} ${JSON.stringify(duration)}`);
      },
    },
    'process',
    functions as never,
  );
  return ({ next, ...parts }) => new ProcessOperator({ ...step, ...parts, step: step.name }, next);
}
