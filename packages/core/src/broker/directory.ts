import { fail, shown } from '../errors.ts';
import {
  compareExchange,
  loadAcquire,
  storeRelease,
  waitSync,
  wakeAll,
} from '../memory/atomics.ts';

/**
 * The directory of a topic: which groups it has, who their members are, and which member reads which
 * shard. It lies in shared memory, under a lock held for microseconds, so that any thread can change
 * it without asking another, and all threads run the same code.
 *
 * ```
 *   0  magic   1  lock (thread that holds it, 0: nobody)   2  generation   3  ended
 *   then per group: state, generation, name length, name words,
 *                   members M × {state, thread, name length, name words},
 *                   shards N × {owner, target, generation}
 * ```
 * Words, not bytes. Everything but the lock and the generation is written under the lock.
 */
const MAGIC = 0x4c534431; // "LSD1"
const LOCK = 1;
const GENERATION = 2;
const HEADER_WORDS = 32;

const NAME_WORDS = 32;
const MOST_NAME_BYTES = NAME_WORDS * 4;
const NOBODY = -1;

const STATE = 0;
const NAME_LENGTH = 2;
const NAME = 3;
const GROUP_WORDS = NAME + NAME_WORDS;
const MEMBER_THREAD = 1;
const MEMBER_WORDS = NAME + NAME_WORDS;
const SHARD_WORDS = 3;

const FREE = 0;
const TAKEN = 1;

export interface DirectoryGeometry {
  shards: number;
  groups: number;
  members: number;
}

/** What a member reads, and since which generation of that assignment. */
export interface Assignment {
  shard: number;
  generation: number;
}

export class Directory {
  readonly buffer: SharedArrayBuffer;
  private readonly geometry: DirectoryGeometry;
  private readonly words: Int32Array;
  private readonly groupWords: number;
  private readonly thread: number;

  constructor(geometry: DirectoryGeometry, thread: number, buffer?: SharedArrayBuffer) {
    const { shards, groups, members } = geometry;
    this.geometry = geometry;
    this.thread = thread;
    this.groupWords = GROUP_WORDS + members * MEMBER_WORDS + shards * SHARD_WORDS;
    const bytes = (HEADER_WORDS + groups * this.groupWords) * 4;
    this.buffer = buffer ?? new SharedArrayBuffer(bytes);
    this.words = new Int32Array(this.buffer);
    if (buffer === undefined) this.words[0] = MAGIC;
    else if (this.words[0] !== MAGIC || buffer.byteLength !== bytes) {
      fail('LAYOUT_MISMATCH', `The memory is not the directory of a topic of ${shards} shards.`);
    }
  }

  /** Grows whenever an assignment or a set of groups changes. */
  generation(): number {
    return loadAcquire(this.words, GENERATION);
  }

  /** Id of a group, or −1. */
  findGroup(name: string): number {
    return this.locked(() => this.groupNamed(name));
  }

  /** Finds or takes a group; `create` is called under the lock, before others can see a new one. */
  ensureGroup(name: string, create: (id: number) => void): number {
    checkName('group', name);
    return this.locked(() => {
      const found = this.groupNamed(name);
      if (found >= 0) return found;
      for (let id = 0; id < this.geometry.groups; id++) {
        const at = this.groupAt(id);
        if (this.words[at + STATE] !== FREE) continue;
        this.words.fill(0, at, at + this.groupWords);
        for (let shard = 0; shard < this.geometry.shards; shard++) {
          this.words[this.shardAt(id, shard)] = NOBODY;
          this.words[this.shardAt(id, shard) + 1] = NOBODY;
        }
        this.writeName(at, name);
        create(id);
        this.words[at + STATE] = TAKEN;
        this.changed();
        return id;
      }
      return fail(
        'TOO_MANY_GROUPS',
        `No room for the group "${name}": the topic has its ${this.geometry.groups} groups ` +
          '(maxGroups); delete one that is no longer read.',
      );
    });
  }

  /** Forgets a group; `drop` is called under the lock. False when there was none. */
  deleteGroup(name: string, drop: (id: number) => void): boolean {
    return this.locked(() => {
      const id = this.groupNamed(name);
      if (id < 0) return false;
      drop(id);
      this.words[this.groupAt(id) + STATE] = FREE;
      this.changed();
      return true;
    });
  }

  groupNames(): { id: number; name: string }[] {
    return this.locked(() => this.namedGroups());
  }

  private namedGroups(): { id: number; name: string }[] {
    const names: { id: number; name: string }[] = [];
    for (let id = 0; id < this.geometry.groups; id++) {
      const at = this.groupAt(id);
      if (this.words[at + STATE] === TAKEN) names.push({ id, name: this.readName(at) });
    }
    return names;
  }

  /** As `groupNames`, but `undefined` while another thread holds the lock, instead of waiting. */
  groupNamesAtOnce(): { id: number; name: string }[] | undefined {
    if (!compareExchange(this.words, LOCK, 0, this.thread)) return undefined;
    try {
      return this.namedGroups();
    } finally {
      this.unlock();
    }
  }

  /** Names of a group's members. */
  memberNames(group: number): string[] {
    return this.locked(() =>
      this.membersOf(group).map(member => this.readName(this.memberAt(group, member))),
    );
  }

  /** Adds a member and shares the shards out anew. Throws `DUPLICATE_MEMBER`, `TOO_MANY_MEMBERS`. */
  join(group: number, name: string): number {
    checkName('member', name);
    return this.locked(() => {
      let free = NOBODY;
      for (let member = 0; member < this.geometry.members; member++) {
        const at = this.memberAt(group, member);
        if (this.words[at + STATE] === FREE) {
          if (free === NOBODY) free = member;
        } else if (this.readName(at) === name) {
          fail(
            'DUPLICATE_MEMBER',
            `The group has a member "${name}" already; members of a group need names of their own.`,
          );
        }
      }
      if (free === NOBODY) {
        fail(
          'TOO_MANY_MEMBERS',
          `No room for the member "${name}": a group has at most ${this.geometry.members} (maxMembers).`,
        );
      }
      const at = this.memberAt(group, free);
      this.words[at + MEMBER_THREAD] = this.thread;
      this.writeName(at, name);
      this.words[at + STATE] = TAKEN;
      this.shareOut(group);
      return free;
    });
  }

  /** Removes a member; its shards go to the others. `release` is called under the lock for each. */
  leave(group: number, member: number, release: (shard: number) => void): void {
    this.locked(() => this.remove(group, member, release));
  }

  /**
   * What a member has to read now. Shards that are to go to somebody else are given up (`release`,
   * under the lock), those that have become free for it are taken (`adopt`, under the lock).
   */
  settle(
    group: number,
    member: number,
    release: (shard: number) => void,
    adopt: (shard: number) => void,
  ): Assignment[] {
    return this.locked(() => {
      const mine: Assignment[] = [];
      for (let shard = 0; shard < this.geometry.shards; shard++) {
        const at = this.shardAt(group, shard);
        if (this.words[at] === member && this.words[at + 1] !== member) {
          release(shard);
          this.words[at] = NOBODY;
          this.words[at + 2]++;
          this.changed();
        }
        if (this.words[at] === NOBODY && this.words[at + 1] === member) {
          adopt(shard);
          this.words[at] = member;
          this.words[at + 2]++;
        }
        if (this.words[at] === member) mine.push({ shard, generation: this.words[at + 2] });
      }
      return mine;
    });
  }

  /** Whether the member still reads the shard under that generation. Read without the lock. */
  holds(group: number, member: number, assignment: Assignment): boolean {
    const at = this.shardAt(group, assignment.shard);
    return (
      loadAcquire(this.words, at + 2) === assignment.generation &&
      loadAcquire(this.words, at) === member
    );
  }

  /**
   * To be called once a thread has exited: frees the lock if it died with it, and removes its
   * members. False while another thread holds the lock; that one may have died too, and only its own
   * exit frees it then: call again later instead of waiting here.
   */
  threadExited(
    thread: number,
    release: (group: number, member: number, shard: number) => void,
  ): boolean {
    if (loadAcquire(this.words, LOCK) === thread) this.unlock();
    if (!compareExchange(this.words, LOCK, 0, this.thread)) return false;
    try {
      for (let group = 0; group < this.geometry.groups; group++) {
        if (this.words[this.groupAt(group) + STATE] !== TAKEN) continue;
        for (const member of this.membersOf(group)) {
          if (this.words[this.memberAt(group, member) + MEMBER_THREAD] !== thread) continue;
          this.remove(group, member, shard => release(group, member, shard));
        }
      }
    } finally {
      this.unlock();
    }
    return true;
  }

  private remove(group: number, member: number, release: (shard: number) => void): void {
    for (let shard = 0; shard < this.geometry.shards; shard++) {
      const at = this.shardAt(group, shard);
      if (this.words[at] !== member) continue;
      release(shard);
      this.words[at] = NOBODY;
      this.words[at + 2]++;
    }
    this.words[this.memberAt(group, member) + STATE] = FREE;
    this.shareOut(group);
  }

  /**
   * Targets for every shard, stickily: a member keeps what it has up to its share; what is over, or
   * nobody's, goes to those who have least.
   */
  private shareOut(group: number): void {
    const members = this.membersOf(group);
    const { shards } = this.geometry;
    const held = new Map(members.map(member => [member, 0]));
    const least = Math.floor(shards / Math.max(1, members.length));
    let extra = shards - least * members.length;
    const homeless: number[] = [];
    for (let shard = 0; shard < shards; shard++) {
      const target = this.words[this.shardAt(group, shard) + 1];
      const count = held.get(target);
      if (count === undefined || count > least || (count === least && extra === 0)) {
        homeless.push(shard);
      } else {
        if (count === least) extra--;
        held.set(target, count + 1);
      }
    }
    for (const shard of homeless) {
      let fewest = NOBODY;
      for (const member of members) {
        if (fewest === NOBODY || (held.get(member) ?? 0) < (held.get(fewest) ?? 0)) fewest = member;
      }
      if (fewest !== NOBODY) held.set(fewest, (held.get(fewest) ?? 0) + 1);
      this.words[this.shardAt(group, shard) + 1] = fewest;
    }
    this.changed();
  }

  private changed(): void {
    storeRelease(this.words, GENERATION, this.words[GENERATION] + 1);
  }

  private membersOf(group: number): number[] {
    const members: number[] = [];
    for (let member = 0; member < this.geometry.members; member++) {
      if (this.words[this.memberAt(group, member) + STATE] === TAKEN) members.push(member);
    }
    return members;
  }

  private groupNamed(name: string): number {
    for (let id = 0; id < this.geometry.groups; id++) {
      const at = this.groupAt(id);
      if (this.words[at + STATE] === TAKEN && this.readName(at) === name) return id;
    }
    return NOBODY;
  }

  private groupAt(group: number): number {
    return HEADER_WORDS + group * this.groupWords;
  }

  private memberAt(group: number, member: number): number {
    return this.groupAt(group) + GROUP_WORDS + member * MEMBER_WORDS;
  }

  private shardAt(group: number, shard: number): number {
    return (
      this.groupAt(group) + GROUP_WORDS + this.geometry.members * MEMBER_WORDS + shard * SHARD_WORDS
    );
  }

  private writeName(at: number, name: string): void {
    const bytes = Buffer.from(name, 'utf8');
    this.words[at + NAME_LENGTH] = bytes.length;
    new Uint8Array(this.buffer).set(bytes, (at + NAME) * 4);
  }

  private readName(at: number): string {
    const start = (at + NAME) * 4;
    return Buffer.from(this.buffer, start, this.words[at + NAME_LENGTH]).toString('utf8');
  }

  private locked<T>(work: () => T): T {
    while (!compareExchange(this.words, LOCK, 0, this.thread)) {
      waitSync(this.words, LOCK, loadAcquire(this.words, LOCK) || this.thread, 1);
    }
    try {
      return work();
    } finally {
      this.unlock();
    }
  }

  private unlock(): void {
    storeRelease(this.words, LOCK, 0);
    wakeAll(this.words, LOCK);
  }
}

function checkName(what: string, name: unknown): void {
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MOST_NAME_BYTES) {
    fail(
      'INVALID_OPTION',
      `The name of a ${what} must be text of 1 to ${MOST_NAME_BYTES} bytes, not ${shown(name)}.`,
    );
  }
}
