import { choice, flag, multiple, type Option, powerOfTwo, text, whole } from './option.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;

/** Every option of an engine: the one place where its name, default, range and meaning stand. */
export const OPTIONS = {
  // threads
  processors: whole('count', {
    default: 1,
    least: 1,
    most: 1024,
    doc:
      'Threads that run pipelines. The default shown is for one core; an engine takes the number ' +
      'of cores less one, and at least 1.',
  }),
  owners: whole('count', {
    default: 1,
    least: 1,
    most: 64,
    doc: 'Threads that look after shards: repair, retention, statistics.',
  }),
  stopTimeoutMs: whole('milliseconds', {
    default: 10_000,
    least: 0,
    most: DAY_MS,
    doc: 'How long `stop()` waits for pipelines to drain before it ends them at once.',
  }),
  userRetries: whole('count', {
    default: 3,
    least: 0,
    most: 1000,
    doc:
      'How often user code that threw is called again before its record goes to the dead-letter ' +
      'topic.',
  }),
  idleWarnMs: whole('milliseconds', {
    default: 30_000,
    least: 1,
    most: DAY_MS,
    doc: 'How long one input may hold the watermark of a pipeline before an event says so.',
  }),
  slowCallMs: whole('milliseconds', {
    default: 10_000,
    least: 1,
    most: DAY_MS,
    doc:
      'How long a call of user code may take before an event says so: one that keeps its thread (to ' +
      'within a tenth of this, and a second), or one of `mapAsync`. Nothing is ended by it.',
  }),
  development: flag({
    doc: 'Makes every use of a record view after its batch throw `STALE_VIEW`. Costs speed.',
  }),

  // topics
  shards: whole('count', {
    default: 4,
    least: 1,
    most: 1024,
    alsoNamed: ['STREAM_SHARDS'],
    doc: 'Shards of a topic. Fixed when the topic is made.',
  }),
  partitioner: choice(['fnv1a', 'murmur2', 'roundrobin'], {
    doc:
      'How a record without an explicit shard finds one: `fnv1a` and `murmur2` (as Apache Kafka) by ' +
      'the hash of its key, round robin without a key; `roundrobin` always in turn.',
  }),
  overflow: choice(['block', 'overwrite'], {
    doc:
      'What happens when a shard is full: `block` holds producers back until the slowest group has ' +
      'read; `overwrite` takes the place of the oldest records and counts what readers lose.',
  }),
  directory: text({
    doc:
      'Directory in which durable topics and the offsets of groups are kept. None by default: all ' +
      'topics live in memory. One engine at a time.',
  }),
  durable: flag({
    doc:
      'Whether a topic is written to the directory. The default shown is for an engine without ' +
      'one; with one it is true.',
  }),
  acks: choice(['disk', 'os', 'memory'], {
    doc:
      'When a record of a durable topic is acknowledged: when it is on `disk`, when the operating ' +
      'system has it (`os`), or when other threads can see it (`memory`, as for topics that are not ' +
      'durable).',
  }),
  segmentBytes: whole('bytes', {
    default: 64 * MIB,
    least: 4 * KIB,
    most: 1024 * MIB,
    doc:
      'Bytes of a file of a durable topic: when it would become larger, the next one is begun. ' +
      'Retention and compaction work on whole files that are finished.',
  }),
  compression: choice(['none', 'zstd'], {
    doc: 'How the records of a durable topic are packed on disk.',
  }),
  compact: flag({
    doc:
      'Whether finished files of a durable topic keep only the last record of every key; offsets ' +
      'stay as they are.',
  }),
  slots: powerOfTwo('count', {
    default: 16_384,
    least: 2,
    most: 2 ** 24,
    doc: 'Records that a shard holds at most.',
  }),
  shardBytes: powerOfTwo('bytes', {
    default: 4 * MIB,
    least: 256,
    most: 1024 * MIB,
    doc: 'Bytes of records that a shard holds at most.',
  }),
  maxRecordBytes: multiple('bytes', 8, {
    default: 64 * KIB,
    least: 64,
    most: 256 * MIB,
    doc:
      'The largest record as it is stored, about 60 bytes more than its key, value and headers. At ' +
      'most a quarter of `shardBytes`.',
  }),
  retentionRecords: whole<number | undefined>('count', {
    default: undefined,
    least: 1,
    most: Number.MAX_SAFE_INTEGER,
    doc: 'The newest records that a shard retains for readers that come later. All by default.',
  }),
  retentionBytes: whole<number | undefined>('bytes', {
    default: undefined,
    least: 1,
    most: Number.MAX_SAFE_INTEGER,
    doc: 'Bytes of the newest records that a shard retains. All by default.',
  }),
  retentionMs: whole<number | undefined>('milliseconds', {
    default: undefined,
    least: 1,
    most: Number.MAX_SAFE_INTEGER,
    doc: 'How long after its append a record is retained. Without end by default.',
  }),
  maxProducers: whole('count', {
    default: 64,
    least: 1,
    most: 4095,
    doc: 'Producers that may be open on a topic at once.',
  }),
  maxGroups: whole('count', {
    default: 16,
    least: 1,
    most: 1024,
    doc: 'Groups that a topic may have at once.',
  }),
  maxMembers: whole('count', {
    default: 16,
    least: 1,
    most: 1024,
    doc: 'Members that a group may have at once.',
  }),

  // producers and consumers
  batchRecords: whole('count', {
    default: 256,
    least: 1,
    most: 65_535,
    doc: 'Records that a batched producer gathers for a shard before it appends them.',
  }),
  batchBytes: whole('bytes', {
    default: 64 * KIB,
    least: 64,
    most: 256 * MIB,
    doc: 'Bytes that a batched producer gathers for a shard before it appends them.',
  }),
  lingerMs: whole('milliseconds', {
    default: 0,
    least: 0,
    most: 60_000,
    doc: 'How long a batch may wait for more records. 0: until the code that sends gives way.',
  }),
  maxWaitingSends: whole('count', {
    default: 16_384,
    least: 1024,
    most: 2 ** 24,
    doc:
      'Calls of `send` of a producer that may wait for room at once, each with its record. One more ' +
      'throws `TOO_MANY_WAITING`.',
  }),
  maxPollRecords: whole('count', {
    default: 1024,
    least: 1,
    most: 2 ** 24,
    doc: 'Records of a batch that a consumer receives, at most.',
  }),

  // pipelines
  channelBytes: powerOfTwo('bytes', {
    default: 256 * KIB,
    least: KIB,
    most: 1024 * MIB,
    doc: 'Bytes of each channel between two tasks of a pipeline. One value takes half of it at most.',
  }),
  stateBackend: choice(['heap', 'lmdb'], {
    doc:
      'Where the keyed state of `process` and `dedupe` lies: on the heap, or in files by the package ' +
      '`lmdb`, which has to be installed, for state that is larger than memory.',
  }),
  stateDirectory: text({
    doc:
      'Directory for the files of a state that does not lie on the heap; they go when the engine ' +
      'stops. By default that of the system for temporary files.',
  }),
} as const satisfies Record<string, Option<unknown>>;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends Option<infer T> ? T : never;

/** What an engine runs with: a value for every option. */
export type Config = { readonly [Name in OptionName]: ValueOf<(typeof OPTIONS)[Name]> };

/** What a user may give: any of the options; `undefined` is the same as left out. */
export type ConfigInput = { readonly [Name in OptionName]?: Config[Name] | undefined };

/** The environment variables that set an option; the first that is set counts. */
export function environmentNames(name: OptionName): string[] {
  const words = name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase();
  return [`LITE_STREAMS_${words}`, ...OPTIONS[name].alsoNamed];
}
