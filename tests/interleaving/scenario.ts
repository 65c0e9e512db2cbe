import {
  Appender,
  GroupCursor,
  KERNEL,
  KIND,
  type Shard,
  ShardOwner,
  takeCell,
} from '@lite-streams/core/internal';
import { kindOf } from '../../packages/core/src/shard/layout.ts';
import type { ExploredCode } from './code.ts';
import type { Exploration } from './explorer.ts';
import { INVARIANT } from './monitor.ts';
import { type Program, Violation } from './program.ts';
import { encode } from './programs/records.ts';
import type { SharedWords } from './shared-words.ts';
import { STATUS } from './thread.ts';
import { exploreAtomics, threadOf, World } from './world.ts';

/** Ids of records that nobody of the programs appended. */
const STANDING = 0xff << 16;

export interface Scenario {
  readonly name: string;
  /** Small ones are tried on every change, large ones only on request. Default small. */
  readonly size?: 'medium' | 'large';
  readonly slots: number;
  readonly dataBytes?: number;
  readonly maxRecordBytes?: number;
  /** Producers; their programs come first, the first in cell 1. */
  readonly producers: number;
  readonly groups?: number;
  readonly members?: number;
  readonly overwrite?: boolean;
  /** Whether the groups stand at the start. Default true. */
  readonly groupsOpen?: boolean;
  /** Producers of which the programs take cells themselves. */
  readonly cellsFree?: boolean;
  readonly firstOffset?: number;
  /** Makes every access to slots and data a step, where one owner at a time is what is to be shown. */
  readonly everyWord?: boolean;
  /** Plain stores become visible late and in any order, as the memory model allows. */
  readonly lateStores?: boolean;
  /** How often a group may get a record. Default 1. */
  readonly mostDeliveries?: number;
  /** Records that stand in the shard at the start. */
  readonly standing?: number;
  /** Brings the real shard further before the start. */
  readonly prepare?: (shard: Shard) => void;
  readonly programs: (world: World) => Program[];
  /** Whether an owner sees to it that everything is clear at the end. Default true. */
  readonly settled?: boolean;
  readonly atEnd?: (world: World) => void;
}

/** Bytes that never bind, for what also appends markers. */
export const ROOMY = { dataBytes: 512, maxRecordBytes: 64 };

/** Sets the scene: cells taken, groups open, an owner in office. */
export function stage(scenario: Scenario, code: ExploredCode, words: SharedWords): Exploration {
  exploreAtomics();
  const { producers, groups = 1, members = 1, overwrite = false } = scenario;
  const open = scenario.groupsOpen === false ? 0 : groups;
  const options = {
    slots: scenario.slots,
    dataBytes: scenario.dataBytes ?? 64,
    maxRecordBytes: scenario.maxRecordBytes ?? 64,
    producers,
    groups,
    members,
    overwrite,
    firstOffset: scenario.firstOffset ?? 0,
    ownedWords: !(overwrite || scenario.everyWord === true || scenario.lateStores === true),
    lateStores: scenario.lateStores ?? false,
    prepare: (shard: Shard) => {
      new ShardOwner(shard, 0xffff);
      const taken = scenario.cellsFree === true ? 0 : producers;
      for (let cell = 1; cell <= taken; cell++) takeCell(shard, cell, threadOf(cell - 1));
      for (let group = 0; group < open; group++) {
        new GroupCursor(shard, group).open(shard.published(), 0xfff);
      }
      for (let i = 1; i <= (scenario.standing ?? 0); i++) {
        const { at, bytes } = encode({ ids: [STANDING | i], sizes: [8] });
        new Appender(shard, 1).append(at, 1, bytes);
      }
      scenario.prepare?.(shard);
    },
  };
  const world = new World(code, options, words);
  for (let group = 0; group < open; group++) {
    const next = world.shard.groupAddress(group) + KERNEL.GROUP_NEXT;
    world.monitor.opened(group, world.peek(next));
  }
  world.monitor.mostDeliveries = scenario.mostDeliveries ?? 1;
  world.start(scenario.programs(world));
  return {
    world,
    atEnd: () => {
      checkAtRest(world, scenario.settled ?? true);
      checkOrder(world);
      scenario.atEnd?.(world);
    },
  };
}

function checkAtRest(world: World, settled: boolean): void {
  const { plan, machine } = world;
  const fail = (message: string) => {
    throw new Violation(INVARIANT.atRest, message);
  };
  const published = world.peek(KERNEL.PUBLISHED);
  const tail = world.peek(KERNEL.TAIL);
  if (!settled && machine.threads.some(({ status }) => status === STATUS.dead)) return;
  if (published !== tail) fail(`published is ${published}, the tail ${tail}`);
  for (let cell = plan.producersAt; cell < plan.producersEnd; cell += KERNEL.CELL_BYTES) {
    const intent = cell + KERNEL.CELL_INTENT;
    if ((world.peek(intent) & world.peek(intent + 4)) !== -1) fail(`${world.nameOf(cell)} is set`);
  }
  for (let group = plan.groupsAt; group < plan.groupsEnd; group += plan.groupBytes) {
    const end = group + plan.groupBytes;
    for (let lease = group + KERNEL.GROUP_LEASES; lease < end; lease += KERNEL.LEASE_BYTES) {
      if ((world.peek(lease) & world.peek(lease + 4)) !== -1) fail(`${world.nameOf(lease)} is set`);
    }
  }
  const waiters = world.peek(KERNEL.RECORD_WAITERS) + world.peek(KERNEL.ROOM_WAITERS);
  const parked = machine.threads.filter(({ status }) => status === STATUS.waiting).length;
  if (waiters !== parked) fail(`${waiters} are said to wait, ${parked} do`);
  const era = world.peek(KERNEL.ERA);
  if ((era & 3) !== published >>> 30) fail(`the era is ${era}, published ${published}`);
}

/** Every producer's records stand in the log in the order in which it appended them. */
function checkOrder(world: World): void {
  const { monitor, first } = world;
  const latest = new Map<number, number>();
  for (let s = first; s !== world.peek(KERNEL.PUBLISHED); s = (s + 1) | 0) {
    if (monitor.wasAborted(s)) continue;
    const id = monitor.idOf(s);
    const before = latest.get(id >> 16) ?? 0;
    if (id !== 0 && id <= before) {
      throw new Violation(INVARIANT.order, `sequence ${s} holds ${id}, after ${before}`);
    }
    latest.set(id >> 16, id);
  }
}

/** Lossless groups: everything that was committed has been delivered. */
export function everythingDelivered(world: World): void {
  const { monitor, first } = world;
  for (let group = 0; group < world.options.groups; group++) {
    const from = monitor.openedAt(group) ?? first;
    for (let s = from; s !== world.peek(KERNEL.PUBLISHED); s = (s + 1) | 0) {
      if (monitor.timesDelivered(group, s) > 0) continue;
      throw new Violation(INVARIANT.lossless, `group ${group} never got sequence ${s}`);
    }
  }
}

/** Lossy readers: what was delivered and what was said to be lost make up what was published. */
export function everythingAccounted(world: World): void {
  const published = (world.peek(KERNEL.PUBLISHED) - world.first) | 0;
  for (const [index, { vars }] of world.machine.threads.entries()) {
    if (world.machine.programs[index].counts !== true) continue;
    const [delivered, lost] = vars;
    if (delivered + lost === published) continue;
    throw new Violation(
      INVARIANT.lossy,
      `${delivered} delivered and ${lost} lost of ${published} published`,
    );
  }
}

/** Nothing but control records stands behind the end of a topic. */
export function nothingBehindTheEnd(world: World): void {
  const { shard, first } = world;
  const state = world.peek(KERNEL.STATE);
  if (state !== KERNEL.STATE_SEALED) throw new Violation(INVARIANT.alive, `the state is ${state}`);
  let ended = false;
  for (let s = first; s !== world.peek(KERNEL.PUBLISHED); s = (s + 1) | 0) {
    const kind = kindOf(world.peek((shard.slotWord(s) << 2) + KERNEL.SLOT_META));
    if (ended && kind === KIND.data) {
      throw new Violation(INVARIANT.order, `sequence ${s} stands behind the end of the topic`);
    }
    if (kind === KIND.topicEnd) ended = true;
  }
  if (!ended) throw new Violation(INVARIANT.alive, 'the topic has no end');
}
