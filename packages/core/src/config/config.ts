import { fail } from '../errors.ts';
import type { Option } from './option.ts';
import {
  type Config,
  type ConfigInput,
  environmentNames,
  OPTIONS,
  type OptionName,
} from './options.ts';

/** The variables of a process, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface Entry {
  readonly name: OptionName;
  readonly option: Option<unknown>;
  readonly variables: readonly string[];
}

const ENTRIES: readonly Entry[] = (Object.keys(OPTIONS) as OptionName[]).map(name => ({
  name,
  option: OPTIONS[name] as Option<unknown>,
  variables: environmentNames(name),
}));

/**
 * The configuration that `given` and `environment` ask for: what is given beats the environment, which
 * beats `defaults`, which beat those of the table. An empty variable is not set. The result is frozen.
 *
 * Throws `INVALID_OPTION`, which names the option or variable, its value and what it takes.
 */
export function resolveConfig(
  given: ConfigInput = {},
  environment: Environment = {},
  defaults: ConfigInput = {},
): Config {
  checkNames(given);
  const config: Record<string, unknown> = {};
  for (const { name, option, variables } of ENTRIES) {
    const value = given[name];
    if (value !== undefined) {
      checkOption(name, value);
      config[name] = value;
    } else {
      config[name] =
        fromEnvironment(option, variables, environment) ?? defaults[name] ?? option.default;
    }
  }
  const whole = config as unknown as Config;
  checkTogether(whole);
  return Object.freeze(whole);
}

/** Throws `INVALID_OPTION` for a value that a row of the table does not take. */
export function checkOption(name: OptionName, value: unknown): void {
  const option: Option<unknown> = OPTIONS[name];
  if (!option.accepts(value)) refuse(`The option ${name}`, value, option);
}

function fromEnvironment(
  option: Option<unknown>,
  variables: readonly string[],
  environment: Environment,
): unknown {
  for (const variable of variables) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    const value = option.read(text);
    if (!option.accepts(value)) refuse(`The environment variable ${variable}`, text, option);
    return value;
  }
  return undefined;
}

/** A misspelt option would otherwise be a default without a word. */
function checkNames(given: object): void {
  for (const name in given) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    const known = Object.keys(OPTIONS).join(', ');
    fail('INVALID_OPTION', `There is no option ${JSON.stringify(name)}. The options are ${known}.`);
  }
}

function checkTogether({ maxRecordBytes, shardBytes }: Config): void {
  if (maxRecordBytes <= shardBytes / 4) return;
  fail(
    'INVALID_OPTION',
    `maxRecordBytes is ${maxRecordBytes} and shardBytes is ${shardBytes}; maxRecordBytes must be at ` +
      `most a quarter of shardBytes: ${shardBytes / 4} here.`,
  );
}

function refuse(what: string, value: unknown, option: Option<unknown>): never {
  fail('INVALID_OPTION', `${what} is ${shown(value)}; it takes ${option.takes}.`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
