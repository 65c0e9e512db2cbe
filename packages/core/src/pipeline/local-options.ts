import type { TopicOptions } from '../broker/options.ts';
import { checkOption } from '../config/config.ts';
import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import type { AnyConnector } from '../delivery/connector.ts';
import type { EpochDriver } from '../epoch/driver.ts';
import { fail, shown } from '../errors.ts';
import type { StateBackend } from '../state/backend.ts';
import type { Clock } from '../time/clock.ts';

export interface LocalEngineOptions {
  /** Options of topics that are made without any. */
  readonly topics?: Partial<TopicOptions> | undefined;
  /**
   * Hosts among which tasks are placed, as an engine with so many processors would; all run on this
   * thread. Default 1.
   */
  readonly processors?: number | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** How often user code is called again after it threw. Default 3. */
  readonly userRetries?: number | undefined;
  /** Bytes of a channel that carries bytes, a power of two. Default 256 KiB. */
  readonly channelBytes?: number | undefined;
  /** Slots of a channel within one host, a power of two. Default 1,024. */
  readonly channelSlots?: number | undefined;
  /** Where the keyed state of a step in a task lies. Default: on the heap. */
  readonly backend?: ((pipeline: string, task: number, step: string) => StateBackend) | undefined;
  /** Records that a task takes in one step, about. Default 256. */
  readonly stepRecords?: number | undefined;
  /**
   * Where pipelines with checkpoints keep their epochs, and resume from when they are run again.
   * Default: in memory, until the pipeline is stopped.
   */
  readonly epochs?: EpochDriver | undefined;
  /**
   * Stands in for the connectors of sinks outside, by their names: for tests of what is handed to them.
   * Default: each has its own.
   */
  readonly connector?: ((sink: string) => AnyConnector | undefined) | undefined;
  /** Whether views of records throw `STALE_VIEW` when they are used too late. Default false. */
  readonly development?: boolean | undefined;
  /** Whether pipelines run by themselves, between other work of the thread. Default true. */
  readonly automatic?: boolean | undefined;
}

const NAMES: NamesOf<LocalEngineOptions> = {
  topics: true,
  processors: true,
  clock: true,
  userRetries: true,
  channelBytes: true,
  channelSlots: true,
  backend: true,
  stepRecords: true,
  epochs: true,
  connector: true,
  development: true,
  automatic: true,
};

/** Throws `INVALID_OPTION` for an option that there is not, and for a value that one does not take. */
export function checkLocalOptions(options: LocalEngineOptions): void {
  checkOptionNames('A LocalEngine', options, NAMES);
  for (const name of ['processors', 'userRetries', 'channelBytes', 'development'] as const) {
    if (options[name] !== undefined) checkOption(name, options[name]);
  }
  const { channelSlots = 1, stepRecords = 1 } = options;
  if (!Number.isSafeInteger(stepRecords) || stepRecords < 1) {
    fail(
      'INVALID_OPTION',
      `stepRecords is ${shown(stepRecords)}; it takes a whole number above 0.`,
    );
  }
  if (!Number.isInteger(Math.log2(channelSlots)) || channelSlots < 1) {
    fail('INVALID_OPTION', `channelSlots is ${shown(channelSlots)}; it takes a power of two.`);
  }
}
