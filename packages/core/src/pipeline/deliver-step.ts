import type { AnyConnector } from '../delivery/connector.ts';
import type { Serde } from '../serde/serde.ts';
import type { DeliverStep } from './graph.ts';
import { plainValues } from './plain-codec.ts';
import type { StepChecks } from './state-steps.ts';
import type { DeliverOptions } from './stream.ts';

const MAX_BATCH = 500;
const TIMEOUT_MS = 30_000;
const BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 30_000;

/** What the builder checks a step with that has a serde. */
interface DeliverChecks extends StepChecks {
  checkSerde(step: string, serde: Serde<unknown> | undefined): void;
}

/** The checked step of `.deliver()`. */
export function deliverStep(
  checks: DeliverChecks,
  name: string,
  connector: AnyConnector,
  options: DeliverOptions<unknown> = {},
): DeliverStep {
  if (typeof connector !== 'object' || connector === null) {
    checks.wrong(name, 'has no connector; it is an object with a function `write`');
  }
  checks.checkFunction(name, "its connector's write", connector.write);
  for (const call of ['open', 'close'] as const) {
    const given = connector[call];
    if (given !== undefined) checks.checkFunction(name, `its connector's ${call}`, given);
  }
  const { serde = plainValues, maxBatch = MAX_BATCH, retries = Number.POSITIVE_INFINITY } = options;
  checks.checkSerde(name, serde);
  if (!Number.isSafeInteger(maxBatch) || maxBatch < 1) {
    checks.wrong(name, `has maxBatch ${String(maxBatch)}; it must be a whole number from 1 on`);
  }
  if (retries !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(retries) || retries < 0)) {
    checks.wrong(name, `has the retries ${String(retries)}; they must be a whole number from 0 on`);
  }
  const ms = (option: 'timeout' | 'backoff' | 'maxBackoff', otherwise: number): number => {
    const given = options[option];
    return given === undefined ? otherwise : checks.duration(name, `the ${option}`, given, 1);
  };
  const limits = Object.freeze({
    timeoutMs: ms('timeout', TIMEOUT_MS),
    retries,
    backoffMs: ms('backoff', BACKOFF_MS),
    maxBackoffMs: ms('maxBackoff', MAX_BACKOFF_MS),
  });
  return { kind: 'deliver', name, connector, serde, maxBatch, limits };
}
