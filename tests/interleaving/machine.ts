import type { ExploredMemory, SavedMemory } from './memory.ts';
import { type Program, Violation } from './program.ts';
import type { SharedWords } from './shared-words.ts';
import {
  type LateStore,
  overlap,
  STATUS,
  type ThreadState,
  threadState,
  withLate,
  woken,
} from './thread.ts';

/**
 * Logical threads over one explored memory, all on one JavaScript thread.
 *
 * A thread runs real code (the instrumented kernel, the TypeScript around it), whose accesses to
 * shared memory come here. What a thread does depends on nothing but the values that it read, so a
 * thread in the middle of an operation is just the list of those values: to take its next step, the
 * operation is run again from its start, answered from the list, makes one new access, and is left
 * by throwing `SWITCH` when it comes to the access after that. Nothing has to be suspended; a state
 * can be kept, compared and gone back to.
 */
const SWITCH = { switch: true };

/** Sees every write to shared memory just before it is done. 64-bit writes have `high`. */
export interface Observer {
  wrote(thread: number, address: number, low: number, high: number | undefined): void;
}

export interface SavedMachine {
  readonly memory: SavedMemory;
  readonly threads: readonly ThreadState[];
}

const EMPTY: readonly number[] = [];
const NO_STORES: readonly LateStore[] = [];
const LONGEST_OPERATION = 2_000;
const SHAPE_WORDS = 1 << 14;
const MOST_FRAMES = 64;

export class Machine {
  readonly memory: ExploredMemory;
  programs: readonly Program[] = [];
  threads: ThreadState[] = [];
  /** Set when a word turned out to be shared that was taken for private: begin anew. */
  discovered = false;
  /**
   * Whether plain stores become visible late, one by one and in any order, as on a machine that does
   * not keep stores in order; at the latest before the next atomic store of their thread.
   */
  lateStores = false;
  /** Told of every new access, when a trace is wanted. */
  trace: ((access: string, address: number, value: number) => void) | undefined;
  observer: Observer | undefined;
  /**
   * Words from `ownedFrom` on, but for every fourth up to `stampsTo`, are no steps: each has one owner
   * at a time, as the monitor checks, so that what others do commutes with it.
   */
  ownedFrom = Number.POSITIVE_INFINITY;
  stampsTo = 0;

  /**
   * Words that several threads use and at least one writes. Only an access to one of these is a
   * step: all others commute with whatever other threads do.
   */
  private readonly visible: Uint8Array;
  private readonly users: Uint8Array;
  private readonly writers: Uint8Array;

  private running = 0;
  /** Every value that the operation has read. */
  private log: number[] = [];
  /**
   * What of it still matters: what TypeScript has read, then, for each function of the kernel that is
   * entered, where it stands and the values that it needs from there on.
   */
  private readonly shape = new Int32Array(SHAPE_WORDS);
  private top = 0;
  private readonly frames = new Int32Array(MOST_FRAMES);
  private depth = 0;
  private keepsAll = false;
  private cursor = 0;
  private spent = false;
  private leaving = false;
  private unscheduled = false;
  /** Plain stores of the running thread that nobody else sees yet. */
  private late: LateStore[] = [];
  private readonly context: { index: number; vars: number[] } = { index: 0, vars: [] };

  constructor(memory: ExploredMemory, words: SharedWords) {
    this.memory = memory;
    this.visible = words.visible;
    this.users = words.users;
    this.writers = words.writers;
  }

  start(programs: readonly Program[]): void {
    this.programs = programs;
    this.threads = programs.map(({ ops, vars }, index) => {
      const status = ops.length > 0 ? STATUS.ready : STATUS.done;
      return threadState(index, 0, vars, EMPTY, status, 0, NO_STORES, EMPTY);
    });
  }

  save(): SavedMachine {
    return { memory: this.memory.save(), threads: this.threads.slice() };
  }

  restore(saved: SavedMachine): void {
    this.memory.restore(saved.memory);
    this.threads = saved.threads.slice();
  }

  canStep(index: number): boolean {
    const { status, op, log, vars } = this.threads[index];
    if (status !== STATUS.ready) return false;
    const operation = this.programs[index].ops[op];
    return log.length > 0 || operation.when === undefined || operation.when(vars);
  }

  canDie(index: number): boolean {
    const { status } = this.threads[index];
    return this.programs[index].mayDie && status !== STATUS.dead;
  }

  kill(index: number): void {
    const { late } = this.threads[index];
    this.threads[index] = threadState(index, 0, EMPTY, EMPTY, STATUS.dead, 0, late, EMPTY);
  }

  /** Whether a thread is dead, and all that it ever stored is visible. */
  isGone(index: number): boolean {
    const { status, late } = this.threads[index];
    return status === STATUS.dead && late.length === 0;
  }

  /** Which late stores of a thread can become visible next: the oldest of each place. */
  lateOf(index: number): number[] {
    const { late } = this.threads[index];
    return late.flatMap((store, i) =>
      late.slice(0, i).some(one => overlap(one, store)) ? [] : [i],
    );
  }

  /** Makes one late store of a thread visible. */
  show(index: number, which: number): void {
    const thread = this.threads[index];
    const store = thread.late[which];
    this.running = index;
    this.trace?.('shows', store.address, store.low);
    this.writeAll(store);
    const late = thread.late.filter((_, i) => i !== which);
    this.threads[index] = withLate(index, thread, late);
  }

  /** Lets a thread go on to just before the shared access after its next one. */
  step(index: number): void {
    const before = this.threads[index];
    const { ops } = this.programs[index];
    this.running = index;
    this.log = before.log.slice();
    this.cursor = 0;
    this.spent = false;
    this.leaving = false;
    this.top = 0;
    this.depth = 0;
    this.late = before.late.slice();
    const { context } = this;
    context.index = index;
    context.vars = before.vars.slice();
    try {
      const op = Math.min(ops[before.op].run(context) ?? before.op + 1, ops.length);
      const status = op < ops.length ? STATUS.ready : STATUS.done;
      const { late } = this;
      this.threads[index] = threadState(index, op, context.vars, EMPTY, status, 0, late, EMPTY);
    } catch (thrown) {
      if (thrown !== SWITCH) throw asViolation(thrown);
      const { status, waitsOn } = this.threads[index];
      const { vars, op } = before;
      this.threads[index] = threadState(
        index,
        op,
        vars,
        this.log,
        status,
        waitsOn,
        this.late,
        this.shape,
        this.top,
      );
    }
  }

  /** Runs explored code before the start: nobody else is there, and no step is taken. */
  beforeStart<T>(work: () => T): T {
    this.unscheduled = true;
    this.log = [];
    this.cursor = 0;
    try {
      return work();
    } finally {
      this.unscheduled = false;
    }
  }

  /** Runs what is no access to shared memory once, though its operation is run again and again. */
  once(work: () => void): void {
    if (this.isNew()) {
      work();
      this.log.push(0);
    }
    this.cursor++;
  }

  /** Looks at what is not in shared memory; the operation sees the same when it is run again. */
  observe(look: () => number): number {
    if (this.isNew()) this.log.push(look());
    return this.next();
  }

  /** Runs a function of the kernel. `keepsAll`: what it reads must not be forgotten meanwhile. */
  call(work: () => number, keepsAll: boolean, left: () => number): number {
    const base = this.top;
    this.frames[this.depth++] = base;
    this.keepsAll = keepsAll;
    const result = work();
    this.keepsAll = false;
    this.depth--;
    this.top = base;
    this.shape[this.top++] = result;
    this.shape[this.top++] = left();
    return result;
  }

  // What the instrumented kernel calls around its accesses; see `instrument.ts`.

  enter = (): void => {
    this.frames[this.depth++] = this.top;
  };

  leaveFrame = (): void => {
    const base = this.frames[--this.depth];
    if (!this.keepsAll) this.top = base;
  };

  at0 = (site: number): void => {
    if (site > 0 && !this.keepsAll) this.top = this.frames[this.depth - 1];
    this.shape[this.top++] = site;
  };

  at2 = (site: number, a: number, b: number): void => {
    this.at0(site);
    this.shape[this.top++] = a;
    this.shape[this.top++] = b;
  };

  at4 = (site: number, a: number, b: number, c: number, d: number): void => {
    this.at2(site, a, b);
    this.shape[this.top++] = c;
    this.shape[this.top++] = d;
  };

  at8 = (
    site: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
    g: number,
    h: number,
  ): void => {
    this.at4(site, a, b, c, d);
    this.at4more(e, f, g, h);
  };

  at16 = (site: number, ...values: number[]): void => {
    this.at0(site);
    for (const value of values) this.shape[this.top++] = value;
  };

  private at4more(a: number, b: number, c: number, d: number): void {
    this.shape[this.top++] = a;
    this.shape[this.top++] = b;
    this.shape[this.top++] = c;
    this.shape[this.top++] = d;
  }

  // What the explored code calls: one method for each kind of access.

  load = (address: number): number => {
    if (this.isNew()) {
      this.turn(address, false);
      this.note('load', address, this.read(address));
    }
    return this.next();
  };

  load64 = (address: number): bigint => {
    if (this.isNew()) {
      this.turn(address, false, true);
      this.note('load64', address, this.read(address));
      this.log.push(this.read(address + 4));
    }
    return joined(this.next(), this.next());
  };

  store = (address: number, value: number): void => {
    if (this.isNew()) {
      this.turn(address, true);
      this.write(address, value);
      this.note('store', address, 0, value);
    }
    this.next();
  };

  store64 = (address: number, value: bigint): void => {
    if (this.isNew()) {
      this.turn(address, true, true);
      this.write64(address, value);
      this.note('store64', address, 0, lowOf(value));
    }
    this.next();
  };

  plainStore = (address: number, value: number): void => {
    if (!this.lateStores) this.store(address, value);
    else this.storeLate(address, value, undefined);
  };

  plainStore64 = (address: number, value: bigint): void => {
    if (!this.lateStores) this.store64(address, value);
    else this.storeLate(address, lowOf(value), highOf(value));
  };

  private storeLate(address: number, low: number, high: number | undefined): void {
    if (this.isNew()) {
      if (this.unscheduled || !this.isSharedAt(address, true, high !== undefined)) {
        this.writeAll({ address, low, high });
      } else this.late.push({ address, low, high });
      this.note('plain store', address, 0, low);
    }
    this.next();
  }

  add = (address: number, delta: number): number => {
    if (this.isNew()) {
      this.turn(address, true);
      const before = this.memory.load(address);
      this.write(address, (before + delta) | 0);
      this.note('add', address, before, delta);
    }
    return this.next();
  };

  exchange = (address: number, value: number): number => {
    if (this.isNew()) {
      this.turn(address, true);
      const before = this.memory.load(address);
      this.write(address, value);
      this.note('exchange', address, before, value);
    }
    return this.next();
  };

  compareExchange = (address: number, expected: number, next: number): number => {
    if (this.isNew()) {
      this.turn(address, true);
      const before = this.memory.load(address);
      const same = before === (expected | 0);
      if (same) this.write(address, next);
      this.note(same ? 'compare-exchange' : 'failed compare-exchange', address, before, next);
    }
    return this.next();
  };

  compareExchange64 = (address: number, expected: bigint, next: bigint): bigint => {
    if (this.isNew()) {
      this.turn(address, true, true);
      const low = this.memory.load(address);
      const high = this.memory.load(address + 4);
      const same = low === lowOf(expected) && high === highOf(expected);
      if (same) this.write64(address, next);
      this.note(
        same ? 'compare-exchange64' : 'failed compare-exchange64',
        address,
        low,
        lowOf(next),
      );
      this.log.push(high);
    }
    return joined(this.next(), this.next());
  };

  /** Waits for ever: what is explored must not rely on a timeout. */
  wait = (address: number, expected: number): 'ok' | 'not-equal' => {
    if (this.isNew()) {
      this.turn(address, true);
      if (this.memory.load(address) === expected) {
        this.trace?.('wait', address, expected);
        const thread = this.threads[this.running];
        this.threads[this.running] = { ...thread, status: STATUS.waiting, waitsOn: address };
        this.leave();
      }
      this.note('does not wait', address, 1);
    }
    return this.next() === 0 ? 'ok' : 'not-equal';
  };

  notify = (address: number, most: number): number => {
    if (this.isNew()) {
      this.turn(address, true);
      let woken = 0;
      for (let index = 0; index < this.threads.length && woken < most; index++) {
        const { status, waitsOn } = this.threads[index];
        if (status !== STATUS.waiting || waitsOn !== address) continue;
        this.wake(index);
        woken++;
      }
      this.note('notify', address, woken);
    }
    return this.next();
  };

  private wake(index: number): void {
    this.threads[index] = woken(index, this.threads[index], 0);
  }

  /** Whether the running thread has not made this access before. */
  private isNew(): boolean {
    if (this.leaving) throw SWITCH;
    return this.cursor === this.log.length;
  }

  /** The next value that the running thread has read. */
  private next(): number {
    const value = this.log[this.cursor++];
    this.shape[this.top++] = value;
    return value;
  }

  /** Comes to a new access: leaves the thread there unless it is the one of this step. */
  private turn(address: number, writes: boolean, wide = false): void {
    if (this.unscheduled) return;
    if (address >= this.ownedFrom && (address >= this.stampsTo || (address & 15) !== 0)) return;
    const shows = writes && this.late.length > 0;
    if (!this.isSharedAt(address, writes, wide) && !shows) return;
    if (this.spent) this.leave();
    this.spent = true;
    if (writes) this.showLate();
  }

  private isSharedAt(address: number, writes: boolean, wide: boolean): boolean {
    const shared = this.isShared(address >> 2, writes);
    return (wide && this.isShared((address >> 2) + 1, writes)) || shared;
  }

  /** Makes every late store of the running thread visible. */
  private showLate(): void {
    for (const store of this.late) this.writeAll(store);
    this.late.length = 0;
  }

  private isShared(word: number, writes: boolean): boolean {
    if (this.visible[word] === 1) return true;
    const bit = 1 << this.running;
    this.users[word] |= bit;
    if (writes) this.writers[word] |= bit;
    const { [word]: users } = this.users;
    if (this.writers[word] === 0 || (users & (users - 1)) === 0) return false;
    this.visible[word] = 1;
    this.discovered = true;
    return true;
  }

  private leave(): never {
    this.leaving = true;
    throw SWITCH;
  }

  private note(access: string, address: number, value: number, shown = value): void {
    if (this.log.length > LONGEST_OPERATION) {
      throw new Violation('progress', `${this.programs[this.running].name} runs on for ever`);
    }
    this.trace?.(access, address, shown);
    this.log.push(value);
  }

  /** What the running thread sees: its own late stores first. */
  private read(address: number): number {
    for (let i = this.late.length - 1; i >= 0; i--) {
      const store = this.late[i];
      if (store.address === address) return store.low;
      if (store.high !== undefined && store.address + 4 === address) return store.high;
    }
    return this.memory.load(address);
  }

  private writeAll({ address, low, high }: LateStore): void {
    if (!this.unscheduled) this.observer?.wrote(this.running, address, low, high);
    this.memory.store(address, low);
    if (high !== undefined) this.memory.store(address + 4, high);
  }

  private write(address: number, value: number): void {
    if (!this.unscheduled) this.observer?.wrote(this.running, address, value, undefined);
    this.memory.store(address, value);
  }

  private write64(address: number, value: bigint): void {
    const low = lowOf(value);
    const high = highOf(value);
    if (!this.unscheduled) this.observer?.wrote(this.running, address, low, high);
    this.memory.store(address, low);
    this.memory.store(address + 4, high);
  }
}

/** Nothing that is explored may throw. */
function asViolation(thrown: unknown): Violation {
  if (thrown instanceof Violation) return thrown;
  return new Violation('no error', thrown instanceof Error ? String(thrown.stack) : String(thrown));
}

function lowOf(value: bigint): number {
  return Number(value & 0xffff_ffffn) | 0;
}

function highOf(value: bigint): number {
  return Number((value >> 32n) & 0xffff_ffffn) | 0;
}

function joined(low: number, high: number): bigint {
  if ((low & high) === -1) return -1n;
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
