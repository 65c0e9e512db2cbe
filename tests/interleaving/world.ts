import {
  type Bell,
  KERNEL,
  type Kernel,
  kernelImports,
  type Scratch,
  Shard,
  type ShardPlan,
  scratch,
} from '@lite-streams/core/internal';
import type { ExploredCode } from './code.ts';
import { Machine } from './machine.ts';
import { ExploredMemory } from './memory.ts';
import { Monitor } from './monitor.ts';
import type { Program } from './program.ts';
import type { SharedWords } from './shared-words.ts';

export interface WorldOptions {
  readonly slots: number;
  readonly dataBytes: number;
  readonly maxRecordBytes: number;
  /** Producers besides the owner. */
  readonly producers: number;
  readonly groups: number;
  readonly members: number;
  readonly overwrite: boolean;
  readonly firstOffset: number;
  /** Whether slots (but for stamps) and data are taken as owned: see `Machine.ownedFrom`. */
  readonly ownedWords: boolean;
  /** Whether plain stores become visible late: see `Machine.lateStores`. */
  readonly lateStores: boolean;
  /** Brings the real shard to where the exploration begins, with the real kernel. */
  readonly prepare?: ((shard: Shard) => void) | undefined;
}

/** The number under which the thread of a program holds cells. */
export function threadOf(index: number): number {
  return index + 1;
}

/** Where the word that everybody parks on stands in explored memory: behind any shard explored. */
const BELL = 0xf000;

/** A shard in explored memory, a machine of logical threads over it, and its monitor. */
export class World {
  readonly code: ExploredCode;
  readonly options: WorldOptions;
  readonly machine: Machine;
  readonly monitor: Monitor;
  readonly shard: Shard;
  readonly plan: ShardPlan;
  /** Sequence and offset of the first record that is explored. */
  first: number;
  readonly firstOffset: number;

  constructor(code: ExploredCode, options: WorldOptions, words: SharedWords) {
    this.code = code;
    this.options = options;
    const real = Shard.create({ ...options, producers: options.producers + 1, shard: 0 });
    if (real.plan.byteLength > BELL) throw new Error('The explored shard is too large.');
    options.prepare?.(real);
    const memory = new ExploredMemory(new Int32Array(real.memory.buffer));
    this.machine = new Machine(memory, words);
    this.plan = real.plan;
    this.first = options.firstOffset | 0;
    this.firstOffset = options.firstOffset;
    this.monitor = new Monitor(this.machine, this.plan, this.first);
    this.machine.observer = this.monitor;
    this.machine.lateStores = options.lateStores;
    if (options.ownedWords) {
      this.machine.ownedFrom = this.plan.slotsAt;
      this.machine.stampsTo = this.plan.dataAt;
    }
    this.shard = code.Shard.attach(real.memory, plan =>
      instantiate(code.kernel, real.memory, plan, scratch(), this.machine),
    );
    this.noteWhatStands(real);
    const views = this.shard as { i32: Int32Array };
    views.i32 = wordsOf(this.machine, 0);
  }

  /** Tells the monitor of what was appended before the start. */
  private noteWhatStands(real: Shard): void {
    const { i32 } = real;
    for (let s = this.first; s !== real.published(); s = (s + 1) | 0) {
      const word = real.slotWord(s);
      const [granule, bytes] = [i32[word + 1], i32[word + 2]];
      const aborted = (i32[word] & 7) > KERNEL.CONTINUATION;
      const id = i32[(this.plan.dataAt >> 2) + ((granule * 2) & (this.plan.dataBytes / 4 - 1)) + 1];
      this.monitor.stands(s, { aborted, granule, bytes, id });
    }
  }

  start(programs: readonly Program[]): void {
    this.machine.start(programs);
  }

  /** A bell in explored memory. */
  bell(): Bell {
    const bell = this.code.Bell.create();
    (bell as { words: Int32Array }).words = wordsOf(this.machine, BELL);
    return bell;
  }

  readonly peek = (address: number): number => this.machine.memory.load(address);

  /** Names a byte address, for traces. */
  nameOf(address: number): string {
    const { plan } = this;
    if (address >= BELL) return 'bell';
    if (address >= plan.dataAt) return `data ${address - plan.dataAt}`;
    if (address >= plan.slotsAt) {
      const field = ['stamp', 'granule', 'length', 'meta'][((address - plan.slotsAt) & 15) >> 2];
      return `slot ${(address - plan.slotsAt) >> 4} ${field}`;
    }
    if (address >= plan.groupsAt) {
      const group = Math.floor((address - plan.groupsAt) / plan.groupBytes);
      const at = (address - plan.groupsAt) % plan.groupBytes;
      if (at === KERNEL.GROUP_NEXT) return `group ${group} next`;
      if (at === KERNEL.GROUP_STATE) return `group ${group} state`;
      return at < KERNEL.GROUP_LEASES
        ? `group ${group} word ${at >> 2}`
        : `group ${group} lease ${(at >> 7) - 1}`;
    }
    if (address >= plan.producersAt) {
      const cell = (address - plan.producersAt) >> 7;
      const at = (address - plan.producersAt) & 127;
      if (at < 8) return `cell ${cell} intent`;
      return at === KERNEL.CELL_STATE ? `cell ${cell} state` : `cell ${cell} word ${at >> 2}`;
    }
    for (const [name, value] of Object.entries(KERNEL)) {
      if (value === address && address >= KERNEL.TAIL) return name.toLowerCase().replace('_', ' ');
    }
    return `word ${address >> 2}`;
  }
}

function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  plan: ShardPlan,
  own: Scratch,
  machine: Machine,
): Kernel {
  const explorer = {
    at0: machine.at0,
    at2: machine.at2,
    at4: machine.at4,
    at8: machine.at8,
    at16: machine.at16,
    enter: machine.enter,
    leave: machine.leaveFrame,
    'i32.atomic.load': machine.load,
    'i64.atomic.load': machine.load64,
    'i32.atomic.store': machine.store,
    'i64.atomic.store': machine.store64,
    'i32.atomic.rmw.add': machine.add,
    'i32.atomic.rmw.cmpxchg': machine.compareExchange,
    'i64.atomic.rmw.cmpxchg': machine.compareExchange64,
    'i32.load': machine.load,
    'i64.load': machine.load64,
    'i32.store': machine.plainStore,
    'i64.store': machine.plainStore64,
    // Copies go a granule at a time: that is how they can tear.
    copyIn: (to: number, from: number, bytes: number) => {
      for (let at = 0; at < bytes; at += 8) {
        machine.plainStore64(to + at, new BigInt64Array(own.memory.buffer, from + at, 1)[0]);
      }
    },
    copyOut: (to: number, from: number, bytes: number) => {
      for (let at = 0; at < bytes; at += 8) {
        new BigInt64Array(own.memory.buffer, to + at, 1)[0] = machine.load64(from + at);
      }
    },
  };
  const imports = { ...kernelImports(memory, plan, own, false), explorer };
  const raw = new WebAssembly.Instance(module, imports).exports as unknown as Kernel;
  const kernel: Record<string, unknown> = {};
  const left = () => own.i32[KERNEL.RESULT >> 2];
  for (const [name, work] of Object.entries(raw) as [string, (...all: number[]) => number][]) {
    // What \`copyOut\` reads goes to scratch memory, where no report of values shows it.
    kernel[name] = (...all: number[]) => machine.call(() => work(...all), name === 'copyOut', left);
  }
  return kernel as unknown as Kernel;
}

const machineOf = new WeakMap<object, { machine: Machine; base: number }>();

/** What TypeScript sees as an Int32Array over explored memory: every access is the machine's. */
function wordsOf(machine: Machine, base: number): Int32Array {
  const words = new Proxy([], {
    get: (_, index) => machine.load(base + Number(index) * 4),
    set: (_, index, value) => {
      machine.plainStore(base + Number(index) * 4, value);
      return true;
    },
  }) as unknown as Int32Array;
  machineOf.set(words, { machine, base });
  return words;
}

let patched = false;

/** Lets `Atomics` work on explored memory too; on everything else it works as ever. */
export function exploreAtomics(): void {
  if (patched) return;
  patched = true;
  const real = Atomics;
  const replaced: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(real)) {
    replaced[name] = (real as unknown as Record<string, unknown>)[name];
  }
  const route = (
    name: string,
    work: (machine: Machine, at: number, ...rest: number[]) => unknown,
  ) => {
    const original = replaced[name] as (...all: unknown[]) => unknown;
    replaced[name] = (words: object, index: number, ...rest: number[]) => {
      const explored = machineOf.get(words);
      if (explored === undefined) return original(words, index, ...rest);
      return work(explored.machine, explored.base + index * 4, ...rest);
    };
  };
  route('load', (machine, at) => machine.load(at));
  route('store', (machine, at, value) => machine.store(at, value));
  route('add', (machine, at, delta) => machine.add(at, delta));
  route('exchange', (machine, at, value) => machine.exchange(at, value));
  route('compareExchange', (machine, at, expected, next) =>
    machine.compareExchange(at, expected, next),
  );
  route('wait', (machine, at, expected) => machine.wait(at, expected));
  route('notify', (machine, at, most) => machine.notify(at, most ?? Number.POSITIVE_INFINITY));
  (globalThis as { Atomics: unknown }).Atomics = replaced;
}
