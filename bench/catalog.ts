/** One bench: a module of this package that runs in a process of its own. */
export interface Bench {
  readonly name: string;
  /** Relative to this file. */
  readonly module: string;
  /** The benchmark of the Go reference that measures the same, without `Benchmark`. */
  readonly reference?: string;
  /** Whether it measures what somebody would use instead of us. */
  readonly peer?: boolean;
  /** Fewer cores than this, and its threads take turns: the figure says little. */
  readonly coresMin?: number;
}

/**
 * Benches that are measured in turn, round by round, so that a machine that slows down for a while
 * slows them all down alike: only their ratios are worth keeping.
 */
export interface Sitting {
  readonly benches: readonly Bench[];
  readonly rounds: number;
}

const OPERATION_ROUNDS = 5;

function operation(name: string, reference?: string): Sitting {
  const bench = { name, module: `./operations/${name}.ts` };
  return {
    benches: [reference === undefined ? bench : { ...bench, reference }],
    rounds: OPERATION_ROUNDS,
  };
}

function together(...sittings: Sitting[]): Sitting {
  return { benches: sittings.flatMap(({ benches }) => benches), rounds: OPERATION_ROUNDS };
}

function peer(name: string, coresMin: number): Bench {
  return { name, module: `./peers/${name}.ts`, peer: true, coresMin };
}

export const SITTINGS: readonly Sitting[] = [
  operation('append', 'Broker_AppendRecord'),
  operation('producer-send', 'Broker_ChannelIngestion'),
  together(operation('latest-100', 'Broker_GetRecords'), operation('latest-100-decoded')),
  operation('process', 'Processor_Process'),
  operation('process-window-1000', 'Processor_ProcessWindow'),
  operation('record-headers', 'Record_Metadata'),
  operation('config-default', 'LoadConfig_Default'),
  operation('config-env', 'LoadConfig_EnvOverride'),
  {
    benches: [
      { name: 'pipe-1x1-16B', module: './throughput/pipe-1x1-16B.ts', coresMin: 2 },
      { name: 'pipe-2x2-16B', module: './throughput/pipe-2x2-16B.ts', coresMin: 4 },
      { name: 'pipe-1x1-200B', module: './throughput/pipe-1x1-200B.ts', coresMin: 2 },
      peer('post-message-object', 2),
      peer('post-message-array', 2),
    ],
    rounds: 5,
  },
  {
    benches: [
      { name: 'keyed-window', module: './throughput/keyed-window.ts', coresMin: 2 },
      peer('rxjs-group-buffer', 1),
      peer('piscina-window', 2),
    ],
    rounds: 5,
  },
  {
    benches: [{ name: 'append-vs-cores', module: './throughput/append-vs-cores.ts', coresMin: 8 }],
    rounds: 3,
  },
  {
    benches: [{ name: 'latency-100k', module: './latency/latency-100k.ts', coresMin: 2 }],
    rounds: 3,
  },
  {
    benches: [
      { name: 'durable-os', module: './disk/durable-os.ts', coresMin: 2 },
      { name: 'pipe-1x1-100B', module: './throughput/pipe-1x1-100B.ts', coresMin: 2 },
    ],
    rounds: 3,
  },
  {
    benches: [
      { name: 'durable-disk', module: './disk/durable-disk.ts', coresMin: 2 },
      peer('redis-streams-disk', 2),
      peer('nats-jetstream-disk', 2),
      peer('sqlite-disk', 1),
    ],
    rounds: 3,
  },
  {
    benches: [{ name: 'disk-ack-latency', module: './disk/disk-ack-latency.ts', coresMin: 2 }],
    rounds: 3,
  },
  { benches: [{ name: 'replay', module: './disk/replay.ts', coresMin: 2 }], rounds: 3 },
  { benches: [{ name: 'tail-latency', module: './disk/tail-latency.ts', coresMin: 2 }], rounds: 3 },
  { benches: [{ name: 'state-1M-keys', module: './state/state-1M-keys.ts' }], rounds: 3 },
  { benches: [{ name: 'checkpoint-cost', module: './state/checkpoint-cost.ts' }], rounds: 3 },
  { benches: [{ name: 'hopping-fanout', module: './windows/hopping-fanout.ts' }], rounds: 5 },
  {
    benches: [
      { name: 'log-append', module: './storage/log-append.ts' },
      { name: 'log-replay', module: './storage/log-replay.ts' },
      { name: 'recovery', module: './storage/recovery.ts' },
    ],
    rounds: 5,
  },
  {
    benches: [{ name: 'window-latency', module: './latency/window-latency.ts', coresMin: 2 }],
    rounds: 3,
  },
  { benches: [{ name: 'start-ms', module: './idle/start-ms.ts', coresMin: 2 }], rounds: 5 },
  { benches: [{ name: 'idle-cpu', module: './idle/idle-cpu.ts' }], rounds: 1 },
  { benches: [{ name: 'rss-steady', module: './idle/rss-steady.ts', coresMin: 2 }], rounds: 1 },
];

export const BENCH_NAMES: readonly string[] = SITTINGS.flatMap(({ benches }) =>
  benches.map(({ name }) => name),
);

/** Figures that measure what somebody would use instead of us. */
export const PEERS: readonly string[] = SITTINGS.flatMap(({ benches }) =>
  benches.filter(bench => bench.peer).map(({ name }) => name),
);

/** The sittings in which the named benches take part, with what their targets compare them with. */
export function sittingsOf(names: readonly string[]): Sitting[] {
  return SITTINGS.flatMap(sitting => {
    const benches = sitting.benches.filter(({ name }) => names.includes(name));
    return benches.length === 0 ? [] : [{ ...sitting, benches }];
  });
}
