import type { NexmarkOptions } from './generator/generator.ts';

/** What differs between runs of the same query. Every thread has to know it: it travels by the environment. */
export interface NexmarkSettings {
  /** How values travel: FlatBuffers read in place, or JSON. */
  readonly values: 'table' | 'json';
  /** Whether events come through the shards whole, or as numbers from which the task makes them. */
  readonly source: 'shards' | 'inside';
  readonly generator: NexmarkOptions;
}

const VARIABLE = 'NEXMARK';
const DEFAULTS: NexmarkSettings = { values: 'table', source: 'shards', generator: {} };

export function nexmarkSettings(): NexmarkSettings {
  const given = process.env[VARIABLE];
  return given === undefined ? DEFAULTS : { ...DEFAULTS, ...JSON.parse(given) };
}

/** The environment of a process or thread with these settings. */
export function settingsEnvironment(settings: Partial<NexmarkSettings>): Record<string, string> {
  return { [VARIABLE]: JSON.stringify({ ...DEFAULTS, ...settings }) };
}
