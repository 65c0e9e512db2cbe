import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { fail } from '@lite-streams/core/internal';

/** Who holds a lock: enough to tell a process that runs from one that is gone. */
interface Holder {
  readonly pid: number;
  /** When the process began, in the kernel's own units: a number that has come round again differs. */
  readonly began: string;
  /** The kernel and the name space that the number counts in; elsewhere it means nothing. */
  readonly within: string;
  readonly host: string;
  /** Tells this lock from every other. */
  readonly id: string;
}

const ATTEMPTS = 16;

/**
 * A lock file that names its holder. It is taken by linking a finished file to its name, which
 * either happens or does not; the file of a process that is gone is moved out of the way. A process
 * that cannot be looked at (another machine, another container) is taken to be alive.
 */
export class DirectoryLock {
  private readonly path: string;
  private readonly text: string;

  private constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Throws `DIRECTORY_LOCKED`, which names who holds it, or what the system says of the file. */
  static take(path: string, what: string): DirectoryLock {
    const mine: Holder = { ...thisProcess(), id: newId() };
    const text = `${JSON.stringify(mine)}\n`;
    const own = `${path}.${mine.id}`;
    writeFileSync(own, text, { flag: 'wx' });
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (linked(own, path) && read(path) === text) return new DirectoryLock(path, text);
        const found = read(path);
        if (found === undefined || found === text) continue;
        refuseLiving(path, found, what);
        moveAway(path, found, `${own}.stale`);
      }
    } finally {
      rmSync(own, { force: true });
    }
    return fail(
      'DIRECTORY_LOCKED',
      `${what} is being locked by several processes at once: try again.`,
    );
  }

  /** Gives it back; nothing happens if somebody has removed it meanwhile. */
  release(): void {
    if (read(this.path) === this.text) rmSync(this.path, { force: true });
  }
}

function refuseLiving(path: string, found: string, what: string): void {
  const holder = parse(found);
  // A lock is never half written, so what says nothing was put there by hand.
  if (holder !== undefined && isGone(holder)) return;
  const who = holder === undefined ? 'something else' : `process ${holder.pid} on ${holder.host}`;
  fail(
    'DIRECTORY_LOCKED',
    `${what} is in use by ${who}, which wrote ${path}. One process at a time writes a directory; ` +
      'if that one is certainly gone, remove the file.',
  );
}

/** Moves a dead lock away; what turns out to be somebody's fresh one goes back to its place. */
function moveAway(path: string, dead: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (read(to) !== dead) linked(to, path);
  unlinkSync(to);
}

function isGone(holder: Holder): boolean {
  const here = thisProcess();
  if (holder.within !== here.within || holder.host !== here.host) {
    // The same machine after it has started anew: nothing from before it lives.
    return holder.host === here.host && bootOf(holder.within) !== bootOf(here.within);
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
  return holder.began !== beganAt(holder.pid);
}

function bootOf(within: string): string {
  return within.split(' ')[0];
}

function thisProcess(): Omit<Holder, 'id'> {
  return {
    pid: process.pid,
    began: beganAt(process.pid),
    within: `${quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())} ${quietly(() => readlinkSync('/proc/self/ns/pid'))}`,
    host: hostname(),
  };
}

/** Field 22 of `/proc/PID/stat`, counted behind the name, which may hold anything; '' elsewhere. */
function beganAt(pid: number): string {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function quietly(get: () => string): string {
  try {
    return get();
  } catch {
    return '';
  }
}

/** Different in every process, thread and call; `node:crypto` would take longer to load than the rest. */
function newId(): string {
  return `${process.pid}-${process.hrtime.bigint()}-${Math.random().toString(36).slice(2)}`;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text);
    const whole = typeof holder === 'object' && holder !== null && 'pid' in holder;
    return whole ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
