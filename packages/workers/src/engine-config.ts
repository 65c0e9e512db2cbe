import { availableParallelism } from 'node:os';
import {
  type Config,
  type ConfigInput,
  type Environment,
  resolveConfig,
  type TopicOptions,
} from '@lite-streams/core';
import { checkTopicOptionNames, fail, TOPIC_OPTIONS } from '@lite-streams/core/internal';

/** Options of an engine: any row of the option table. What is not given comes from the environment. */
export type EngineOptions = ConfigInput;

/** The options of an engine that are in force. */
export type EngineConfig = Config;

/** Threads for pipelines leave a core to whoever feeds them. Throws `INVALID_OPTION`. */
export function engineConfig(options: EngineOptions, environment: Environment): EngineConfig {
  const processors = Math.max(1, availableParallelism() - 1);
  const defaults = { processors, ...fitting(options) };
  const config = resolveConfig(options, environment, defaults);
  if (config.directory !== undefined) {
    return resolveConfig(options, environment, { ...defaults, durable: true });
  }
  if (config.durable) {
    fail('INVALID_OPTION', 'durable is true, but the engine has no directory to keep topics in.');
  }
  return config;
}

/** Of options that were kept, those that a topic still has. */
export function knownTopicOptions(kept: Partial<TopicOptions>): Partial<TopicOptions> {
  const known = TOPIC_OPTIONS.filter(name => kept[name] !== undefined);
  return Object.fromEntries(known.map(name => [name, kept[name]]));
}

/** What a topic is made of: its own options over those of the engine. Throws `INVALID_OPTION`. */
export function topicOptions(config: EngineConfig, own: Partial<TopicOptions>): TopicOptions {
  checkTopicOptionNames(own);
  if (own.durable && config.directory === undefined) {
    fail('INVALID_OPTION', 'durable is true, but the engine has no directory to keep topics in.');
  }
  const resolved = resolveConfig({ ...config, ...fitting(own, config), ...own });
  return Object.fromEntries(TOPIC_OPTIONS.map(name => [name, resolved[name]])) as never;
}

/** Small shards have smaller records, unless somebody says how large. */
function fitting(own: ConfigInput, config?: EngineConfig): ConfigInput {
  if (own.shardBytes === undefined || own.maxRecordBytes !== undefined) return {};
  const most = config?.maxRecordBytes ?? 64 * 1024;
  return { maxRecordBytes: Math.min(most, own.shardBytes / 4) };
}
