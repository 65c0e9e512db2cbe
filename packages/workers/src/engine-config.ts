import { availableParallelism } from 'node:os';
import {
  type Config,
  type Environment,
  OPTIONS,
  resolveConfig,
  type TopicOptions,
} from '@lite-streams/core';

/** Options of an engine: any row of the option table. What is not given comes from the environment. */
export type EngineOptions = Partial<Config>;

/** A configuration in which every thread count is known. */
export type EngineConfig = Readonly<Config & { processors: number }>;

/** Throws `INVALID_OPTION`. */
export function engineConfig(options: EngineOptions, environment: Environment): EngineConfig {
  const config = resolveConfig(options, environment);
  const processors = config.processors ?? Math.max(1, availableParallelism() - 1);
  return Object.freeze({ ...config, processors });
}

type TopicOptionName = keyof TopicOptions;

/** The rows of the option table that a topic can have for itself. */
const TOPIC_OPTIONS = Object.entries(OPTIONS)
  .filter(([, option]) => 'topic' in option)
  .map(([name]) => name as TopicOptionName);

/** What a topic is made of: its own options, over those of the engine. Throws `INVALID_OPTION`. */
export function topicOptions(config: EngineConfig, own: Partial<TopicOptions>): TopicOptions {
  const whole: Partial<Record<TopicOptionName, unknown>> = {};
  const resolved = resolveConfig({ ...config, ...own });
  for (const name of TOPIC_OPTIONS) whole[name] = resolved[name];
  return whole as unknown as TopicOptions;
}
