import { type Bell, CELL, KERNEL, type ShardOwner } from '@lite-streams/core/internal';
import type { Machine } from '../machine.ts';
import type { Operation, Program, ThreadContext } from '../program.ts';
import { threadOf, type World } from '../world.ts';

export interface OwnerProgram {
  readonly name: string;
  /** The thread's number, and what threads it is told the exit of, by index of their programs. */
  readonly thread: number;
  readonly watches: readonly number[];
  /** An owner's successor begins when the thread with this index is dead. */
  readonly succeeds?: number;
  readonly mayDie?: boolean;
  readonly bell?: Bell;
  /** Rounds that it makes while others are at work. Default 1. */
  readonly rounds?: number;
  /** Runs `ShardOwner.step` itself, as one long operation. */
  readonly wholeRounds?: boolean;
}

const LAST_ROUNDS = 4;
const WAKE_ALL = KERNEL.WAKE_READERS | KERNEL.WAKE_PRODUCERS;

/** The owner: told of exits, it makes rounds while there is something to do. */
export function owner(world: World, options: OwnerProgram): Program {
  const own = new OwnerOperations(world, options);
  const { name, mayDie = false } = options;
  const vars = [0, 0, 0, 0, options.succeeds === undefined ? 1 : 0];
  return { name, ops: own.operations(), vars, mayDie, mayRepair: true, mayRest: () => true };
}

/** The parts of `ShardOwner.step` that are not public. */
interface OwnerDuties {
  checkInvariants(): undefined;
  appendMarkers(nowMs: number): number;
  sampleGroups(nowMs: number): undefined;
  /** What it remembers belongs to the state of its thread. */
  inOffice: boolean;
}

/**
 * Variables of an owner: rounds made among others and alone, WAKE bits, exits that it was told of,
 * whether it is in office.
 */
type Vars = [made: number, last: number, wake: number, told: number, inOffice: number];

const TAKE_OVER = 0;
const NEXT = 1;
const REPAIR = 5;

class OwnerOperations {
  private readonly world: World;
  private readonly options: OwnerProgram;
  private self: ShardOwner | undefined;

  constructor(world: World, options: OwnerProgram) {
    this.world = world;
    this.options = options;
    const { machine, code, shard } = world;
    if (options.succeeds === undefined) {
      this.self = machine.beforeStart(() => new code.ShardOwner(shard, options.thread));
    }
  }

  operations(): Operation[] {
    const ops: Operation[] = [];
    ops[TAKE_OVER] = this.takeOver();
    ops[NEXT] = this.next();
    ops.push(...(this.options.wholeRounds === true ? [this.round()] : this.duties()));
    return ops;
  }

  private takeOver(): Operation {
    const { world, options } = this;
    const { machine, monitor, code, shard } = world;
    const { succeeds } = options;
    return {
      name: 'take over',
      when: () => succeeds === undefined || machine.isGone(succeeds),
      run: thread => {
        if (succeeds === undefined) return undefined;
        monitor.intends(thread.index, { ids: [0], sizes: [] });
        this.self = new code.ShardOwner(shard, options.thread);
        thread.vars[4] = (this.self as unknown as OwnerDuties).inOffice ? 1 : 0;
        // Whom its predecessor woke up in memory, but not any more by the bell.
        options.bell?.ring();
        return undefined;
      },
    };
  }

  /** Is told of an exit, or begins a round. */
  private next(): Operation {
    const { world, options } = this;
    const { machine } = world;
    const { rounds = 1, watches } = options;
    const untold = (told: number) =>
      watches.findIndex((index, i) => (told & (1 << i)) === 0 && machine.isGone(index));
    return {
      name: 'next',
      when: ([made, last, , told]) =>
        untold(told) >= 0 ||
        (hasWork(world, watches) &&
          (made < rounds || (last < LAST_ROUNDS && othersAreIdle(machine)))),
      run: thread => {
        const [made, last, , told, inOffice] = thread.vars as Vars;
        const exited = machine.observe(() => untold(told));
        if (exited >= 0) {
          (this.self as ShardOwner).threadExited(threadOf(watches[exited]));
          // For what it did before it died, and did not come to tell.
          this.options.bell?.ring();
          thread.vars = [made, last, 0, told | (1 << exited), inOffice];
          return NEXT;
        }
        thread.vars =
          made < rounds ? [made + 1, last, 0, told, inOffice] : [made, last + 1, 0, told, inOffice];
        return undefined;
      },
    };
  }

  private round(): Operation {
    return {
      name: 'round',
      run: thread => {
        this.world.monitor.intends(thread.index, { ids: [0], sizes: [] });
        const self = this.remember(thread);
        const wake = (self as unknown as ShardOwner).step(0);
        thread.vars[4] = self.inOffice ? 1 : 0;
        return this.ring(wake);
      },
    };
  }

  /** What `ShardOwner.step` does, duty by duty: what is read for one does not matter to the next. */
  private duties(): Operation[] {
    const { shard } = this.world;
    return [
      this.duty('check', self => self.checkInvariants()),
      this.duty('help', () => shard.kernel.help()),
      this.duty('era', () => {
        shard.kernel.advanceEra();
        return undefined;
      }),
      {
        name: 'repair',
        run: thread => {
          if (shard.kernel.repair() === 0) return undefined;
          thread.vars[2] |= WAKE_ALL;
          return REPAIR;
        },
      },
      this.duty('append markers', self => self.appendMarkers(0)),
      this.duty('sample groups', self => self.sampleGroups(0)),
      { name: 'ring', run: ({ vars }) => this.ring(vars[2]) },
    ];
  }

  private duty(name: string, work: (self: OwnerDuties) => number | undefined): Operation {
    return {
      name,
      run: thread => {
        this.world.monitor.intends(thread.index, { ids: [0], sizes: [] });
        const self = this.remember(thread);
        thread.vars[2] |= work(self) ?? 0;
        thread.vars[4] = self.inOffice ? 1 : 0;
        return undefined;
      },
    };
  }

  private remember(thread: ThreadContext): OwnerDuties {
    const self = this.self as unknown as OwnerDuties;
    self.inOffice = thread.vars[4] === 1;
    return self;
  }

  private ring(wake: number): number {
    if (wake > 0) this.options.bell?.ring();
    return NEXT;
  }
}

/** Whether nobody but owners can go on. */
function othersAreIdle(machine: Machine): boolean {
  return machine.programs.every(
    ({ mayRepair }, index) =>
      mayRepair || (!machine.canStep(index) && machine.threads[index].late.length === 0),
  );
}

/** Whether a round could be of use: a claim to publish or to repair, a cell to free, an end to mark. */
function hasWork(world: World, watches: readonly number[]): boolean {
  const { machine, plan } = world;
  const isDead = (index: number) => machine.isGone(index);
  if (world.peek(KERNEL.TAIL) !== world.peek(KERNEL.PUBLISHED)) return true;
  if (world.peek(KERNEL.STATE) === KERNEL.STATE_ENDED) return true;
  for (let cell = plan.producersAt; cell < plan.producersEnd; cell += KERNEL.CELL_BYTES) {
    const state = world.peek(cell + KERNEL.CELL_STATE);
    if (state === KERNEL.CELL_CLOSING || state === KERNEL.CELL_DEAD) return true;
    if (state === KERNEL.CELL_FREE) continue;
    const taking = (state & KERNEL.CELL_TAKEN) !== 0;
    const thread = taking ? state >> 3 : world.peek(cell + CELL.thread);
    if (watches.some(index => threadOf(index) === thread && isDead(index))) return true;
  }
  return false;
}
