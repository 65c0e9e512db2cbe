import { Appender, type Bell, KERNEL, takeCell } from '@lite-streams/core/internal';
import { INVARIANT, type IntendedBatch } from '../monitor.ts';
import { type Operation, type Program, type ThreadContext, Violation } from '../program.ts';
import { threadOf, type World } from '../world.ts';
import { park } from './park.ts';
import { encode } from './records.ts';

export interface ProducerProgram {
  readonly name: string;
  /** Its cell, from 1 on; without one it takes a free one first. */
  readonly cell?: number;
  /** For each batch, the stored bytes of its records. */
  readonly batches: readonly (readonly number[])[];
  readonly mayDie?: boolean;
  /** With a bell it parks where there is no room, and rings for whom its appends wake. */
  readonly bell?: Bell;
  /** Ends with its end marker and gives its cell back. */
  readonly ends?: boolean;
  /** There is always room: nothing may ever be refused for want of it. */
  readonly alwaysRoom?: boolean;
}

/** Appends its batches one after the other; where there is no room it waits for some. */
export function producer(world: World, options: ProducerProgram): Program {
  const own = new ProducerOperations(world, options);
  return {
    name: options.name,
    ops: own.operations(),
    vars: [options.cell ?? 0],
    mayDie: options.mayDie ?? false,
    mayRest: () => false,
  };
}

function freeCells({ plan, peek }: World): number {
  let free = 0;
  for (let cell = plan.producersAt; cell < plan.producersEnd; cell += KERNEL.CELL_BYTES) {
    if (peek(cell + KERNEL.CELL_STATE) === KERNEL.CELL_FREE) free++;
  }
  return free;
}

class ProducerOperations {
  private readonly world: World;
  private readonly options: ProducerProgram;

  constructor(world: World, options: ProducerProgram) {
    this.world = world;
    this.options = options;
  }

  operations(): Operation[] {
    const { options } = this;
    const joins = options.cell === undefined ? [this.join()] : [];
    const all = [...joins];
    let counter = 0;
    for (const sizes of options.batches) {
      all.push(...this.appendOrWait(all.length, sizes, counter));
      counter += sizes.length;
    }
    if (options.ends) all.push(this.end());
    return all;
  }

  private join(): Operation {
    const { shard, plan, machine, monitor } = this.world;
    return {
      name: 'take a cell',
      when: () => freeCells(this.world) > 0,
      run: thread => {
        for (let cell = 1; cell < plan.producers; cell++) {
          if (!takeCell(shard, cell, threadOf(thread.index))) continue;
          thread.vars = [cell];
          machine.once(() => monitor.hasCell(thread.index, cell));
          return undefined;
        }
        return 0;
      },
    };
  }

  private appendOrWait(first: number, sizes: readonly number[], counter: number): Operation[] {
    const { world, options } = this;
    const batchOf = ({ index }: ThreadContext): IntendedBatch => ({
      ids: sizes.map((_, i) => (threadOf(index) << 16) | (counter + i + 1)),
      sizes,
    });
    const [wait, next] = [first + 1, first + 2];
    const append: Operation = {
      name: `append ${counter + 1}`,
      run: thread => {
        const result = this.append(thread, batchOf(thread));
        if (result === KERNEL.FULL) return wait;
        if (result > 0) options.bell?.ring();
        return result === KERNEL.REFUSED ? Number.POSITIVE_INFINITY : next;
      },
    };
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const room: Operation = {
      name: `room for ${counter + 1}`,
      when: () => world.monitor.hasRoom(sizes.length, bytes),
      run: () => first,
    };
    const { bell } = options;
    if (bell === undefined) return [append, room];
    const parked: Operation = {
      name: `park for ${counter + 1}`,
      run: thread => {
        let result = 0;
        park(world, bell, 'room', () => {
          result = this.append(thread, batchOf(thread));
          return result !== KERNEL.FULL;
        });
        if (result > 0) bell.ring();
        return next;
      },
    };
    return [append, parked];
  }

  private append({ index, vars }: ThreadContext, batch: IntendedBatch): number {
    const { shard, monitor } = this.world;
    const { at, bytes } = encode(batch);
    monitor.intends(index, batch);
    const [cell] = vars;
    const result = shard.kernel.append(shard.cellAddress(cell), at, batch.ids.length, bytes, cell);
    if (result === KERNEL.FULL && this.options.alwaysRoom) {
      throw new Violation(INVARIANT.gate, 'an append found no room where there was plenty');
    }
    return result;
  }

  private end(): Operation {
    const { shard, machine, monitor } = this.world;
    return {
      name: 'end',
      run: ({ index, vars }) => {
        machine.once(() => monitor.hasCell(index, 0));
        monitor.intends(index, { ids: [0], sizes: [] });
        if (new Appender(shard, vars[0]).end(0) > 0) this.options.bell?.ring();
        return undefined;
      },
    };
  }
}
