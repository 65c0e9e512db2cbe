// The architecture as data: what may stand on what. `layers.test.ts` holds every source to it.
// A new folder or a new arrow is a row here, in the change that needs it.

/** A part of the repository and what its files may import beside files of their own part. */
export interface Part {
  readonly directory: string;
  /** Packages (any subpath) that it may import. */
  readonly packages: readonly string[];
  /** Node.js modules that it must not import; every other is fine. */
  readonly forbiddenBuiltins: readonly string[];
}

const threadsAndFiles = [
  'node:child_process',
  'node:cluster',
  'node:fs',
  'node:fs/promises',
  'node:http',
  'node:net',
  'node:process',
  'node:worker_threads',
];

/** Rising: a package imports only packages above it in this list. */
export const parts: readonly Part[] = [
  {
    directory: 'packages/core/src',
    packages: ['flatbuffers'],
    forbiddenBuiltins: threadsAndFiles,
  },
  {
    directory: 'packages/workers/src',
    packages: ['@lite-streams/core', 'lmdb', 'piscina'],
    forbiddenBuiltins: [],
  },
  {
    directory: 'packages/cli/src',
    packages: ['@lite-streams/core', '@lite-streams/workers', 'commander'],
    forbiddenBuiltins: [],
  },
  {
    // A user's view: the public package and nothing behind it.
    directory: 'examples',
    packages: ['lite-streams', 'flatbuffers', 'hyparquet', 'vega-datasets'],
    forbiddenBuiltins: [],
  },
];

const ground = ['errors', 'config'];
const log = [...ground, 'memory', 'record', 'shard'];
const eventTime = [...ground, 'memory', 'record', 'time', 'window', 'join', 'state', 'channel'];
const formats = ['codec', 'serde'];

/**
 * Inside `packages/core/src`, rising: a folder (or a file at the top) and the folders that it may import.
 * Two chains, the log and event time, meet in `pipeline`.
 */
export const coreLayers: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  config: ['errors'],
  memory: ground,
  record: [...ground, 'memory'],
  shard: [...ground, 'memory', 'record'],
  time: [...ground, 'memory', 'record'],
  broker: [...log, 'time'],
  codec: [...ground, 'memory', 'record'],
  serde: [...ground, 'memory', 'record'],
  channel: [...ground, 'memory', 'record'],
  state: [...ground, 'memory', 'record', 'time', 'codec'],
  window: [...ground, 'record', 'time', 'state'],
  aggregate: ['errors', 'record', 'window'],
  join: [...ground, 'time', 'window'],
  epoch: [...ground, 'memory', 'time', 'state'],
  ground: [...ground, 'memory', 'channel', 'epoch'],
  operator: [...eventTime, 'serde', 'epoch'],
  delivery: [...ground, 'memory', 'record', 'time', 'serde', 'epoch', 'operator'],
  pipeline: [
    ...log,
    'broker',
    'aggregate',
    ...formats,
    ...eventTime,
    'epoch',
    'operator',
    'delivery',
  ],
  testing: [
    ...log,
    'broker',
    'aggregate',
    ...formats,
    ...eventTime,
    'epoch',
    'operator',
    'delivery',
    'pipeline',
  ],
  internal: [
    ...log,
    'broker',
    'aggregate',
    ...formats,
    ...eventTime,
    'epoch',
    'operator',
    'delivery',
    'pipeline',
  ],
  index: [
    ...log,
    'broker',
    'aggregate',
    ...formats,
    ...eventTime,
    'epoch',
    'operator',
    'delivery',
    'pipeline',
  ],
};

/** A global that only some files may name, so that what it does can be replaced in a test. */
export interface ReservedName {
  /** An identifier, or `object.member`. */
  readonly name: string;
  readonly within: readonly string[];
  readonly only: readonly string[];
  readonly why: string;
}

export const reservedNames: readonly ReservedName[] = [
  {
    name: 'Atomics',
    within: ['packages/core/src', 'packages/workers/src', 'packages/cli/src'],
    only: ['packages/core/src/memory/'],
    why: 'every shared access goes through memory/, where a test can put a scheduler',
  },
  ...['Date.now', 'performance.now', 'Math.random', 'setTimeout', 'setInterval'].map(name => ({
    name,
    within: ['packages/core/src'],
    only: ['packages/core/src/memory/', 'packages/core/src/time/'],
    why: 'time and randomness enter core through injected clocks and generators',
  })),
];

/** Names that say nothing about what a file holds. */
export const namelessNames = [
  'util',
  'utils',
  'common',
  'helper',
  'helpers',
  'misc',
  'type',
  'types',
];
