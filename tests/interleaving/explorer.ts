import type { Machine, SavedMachine } from './machine.ts';
import { mix } from './memory.ts';
import { INVARIANT } from './monitor.ts';
import { Violation } from './program.ts';
import { type SharedWords, sharedWords } from './shared-words.ts';
import { STATUS } from './thread.ts';
import { Visited } from './visited.ts';
import type { World } from './world.ts';

/** A world whose programs have been started, and what must hold once nobody can go on. */
export interface Exploration {
  readonly world: World;
  atEnd(): void;
}

export interface Finding {
  readonly invariant: string;
  readonly message: string;
  /** What each thread did, one line an access, up to where it was found. */
  readonly trace: readonly string[];
}

export interface Outcome {
  readonly states: number;
  readonly steps: number;
  /** How many schedules the states stand for; of those tried so far when something was found. */
  readonly schedules: number;
  readonly ends: number;
  readonly finding?: Finding | undefined;
  /** Whether there were more states than were to be looked at. */
  readonly cutShort: boolean;
}

export interface ExploreOptions {
  readonly maxStates: number;
}

/**
 * A transition is the index of a thread that takes a step; or that index plus `KILL`: it dies; or plus
 * `SHOW` and a multiple of 16: that one of its late stores becomes visible.
 */
const KILL = 16;
const SHOW = 32;
const RANDOM_WALKS = 64;

/** Tries every schedule: every order of accesses to shared memory, and every death at every step. */
export function explore(
  build: (words: SharedWords) => Exploration,
  options: ExploreOptions,
): Outcome {
  const words = sharedWords();
  // Random schedules first: they show which words are shared, and many a bug.
  for (let walk = 0; walk < RANDOM_WALKS; walk++) {
    const before = copyOf(words);
    const finding = new Search(build(words), options).walk(walk + 1);
    if (finding !== undefined) {
      const trace = traceOf(build(before), finding.schedule);
      return {
        states: 0,
        steps: 0,
        schedules: walk + 1,
        ends: walk,
        finding: { ...finding, trace },
        cutShort: false,
      };
    }
  }
  for (;;) {
    const before = copyOf(words);
    const search = new Search(build(words), options);
    const found = search.run();
    if (found === 'begin anew') continue;
    const { visited, steps, schedules, ends, cutShort } = search;
    const finding = found && { ...found, trace: traceOf(build(before), found.schedule) };
    return { states: visited.count, steps, schedules, ends, finding, cutShort };
  }
}

function copyOf({ visible, users, writers }: SharedWords): SharedWords {
  return { visible: visible.slice(), users: users.slice(), writers: writers.slice() };
}

interface Frame {
  readonly saved: SavedMachine;
  readonly low: number;
  readonly high: number;
  readonly transitions: readonly number[];
  tried: number;
  schedules: number;
}

interface Found {
  readonly invariant: string;
  readonly message: string;
  readonly schedule: readonly number[];
}

class Search {
  readonly visited = new Visited();
  steps = 0;
  schedules = 0;
  ends = 0;
  cutShort = false;
  private readonly exploration: Exploration;
  private readonly machine: Machine;
  private readonly options: ExploreOptions;
  private readonly frames: Frame[] = [];

  constructor(exploration: Exploration, options: ExploreOptions) {
    this.exploration = exploration;
    this.machine = exploration.world.machine;
    this.options = options;
  }

  /** Depth first through all states; a state that was seen is not entered again. */
  run(): Found | 'begin anew' | undefined {
    const { machine, frames } = this;
    machine.discovered = false;
    try {
      this.enter();
      while (frames.length > 0) {
        const frame = frames[frames.length - 1];
        if (frame.tried === frame.transitions.length) {
          this.leave();
          continue;
        }
        if (frame.tried > 0) machine.restore(frame.saved);
        this.take(frame.transitions[frame.tried++]);
        if (machine.discovered) return 'begin anew';
        this.enter();
        if (this.visited.count > this.options.maxStates) {
          this.cutShort = true;
          return undefined;
        }
      }
    } catch (thrown) {
      const schedule = frames.map(({ transitions, tried }) => transitions[tried - 1]);
      return found(
        thrown,
        schedule.filter(transition => transition !== undefined),
      );
    }
    return undefined;
  }

  /** One schedule at random. */
  walk(seed: number): Found | undefined {
    const schedule: number[] = [];
    let random = seed;
    try {
      for (;;) {
        const transitions = this.transitions();
        if (transitions.length === 0) return undefined;
        random = mix(random, schedule.length, 0x51ed270b);
        const transition = transitions[(random >>> 0) % transitions.length];
        schedule.push(transition);
        this.take(transition);
      }
    } catch (thrown) {
      return found(thrown, schedule);
    }
  }

  /** Comes to a state: a new one becomes a frame, of one seen before the schedules are counted. */
  private enter(): void {
    const { machine, frames } = this;
    let { low, high } = machine.memory;
    for (const thread of machine.threads) {
      low ^= thread.low;
      high ^= thread.high;
    }
    const known = this.visited.find(low, high);
    if (known >= 0) {
      this.count(known);
      return;
    }
    const ends = this.ends;
    const transitions = this.transitions();
    const saved = machine.save();
    // Noted at once: a thread that looks in vain and looks again comes back to where it was.
    this.visited.put(low, high, 0);
    frames.push({ saved, low, high, transitions, tried: 0, schedules: this.ends - ends });
  }

  private leave(): void {
    const { low, high, schedules } = this.frames.pop() as Frame;
    this.visited.put(low, high, schedules);
    this.count(schedules);
  }

  private count(schedules: number): void {
    const parent = this.frames.at(-1);
    if (parent === undefined) this.schedules = schedules;
    else parent.schedules += schedules;
  }

  private take(transition: number): void {
    this.steps++;
    take(this.machine, transition);
  }

  /** What can happen next; checks the end where no thread can go on. */
  private transitions(): number[] {
    const { machine } = this;
    const transitions: number[] = [];
    for (let index = 0; index < machine.threads.length; index++) {
      if (machine.canStep(index)) transitions.push(index);
    }
    for (let index = 0; index < machine.threads.length; index++) {
      for (const late of machine.lateOf(index)) transitions.push(SHOW + 16 * late + index);
    }
    if (transitions.length === 0) {
      this.ends++;
      checkRest(machine);
      this.exploration.atEnd();
    }
    for (let index = 0; index < machine.threads.length; index++) {
      if (machine.canDie(index)) transitions.push(KILL + index);
    }
    return transitions;
  }
}

function take(machine: Machine, transition: number): void {
  const thread = transition % 16;
  if (transition >= SHOW) machine.show(thread, (transition - SHOW - thread) / 16);
  else if (transition >= KILL) machine.kill(thread);
  else machine.step(thread);
}

/** At the end every thread is done, dead, or where it may rest. */
function checkRest(machine: Machine): void {
  for (const [index, { status, op }] of machine.threads.entries()) {
    const { name, ops, mayRest } = machine.programs[index];
    if (status === STATUS.done || status === STATUS.dead || mayRest()) continue;
    if (status === STATUS.waiting) {
      throw new Violation(INVARIANT.wakeUp, `${name} waits for ever in "${ops[op].name}"`);
    }
    throw new Violation(INVARIANT.alive, `${name} can never begin "${ops[op].name}"`);
  }
}

function found(thrown: unknown, schedule: readonly number[]): Found {
  if (!(thrown instanceof Violation)) throw thrown;
  return { invariant: thrown.invariant, message: thrown.message, schedule };
}

/** Runs one schedule again and writes down what happens. */
function traceOf({ world, atEnd }: Exploration, schedule: readonly number[]): string[] {
  const { machine } = world;
  const lines: string[] = [];
  let thread = 0;
  machine.trace = (access, address, value) => {
    const { name, ops } = machine.programs[thread];
    const op = ops[machine.threads[thread].op]?.name ?? 'done';
    lines.push(`${name} (${op}): ${access} ${world.nameOf(address)} ${value}`);
  };
  try {
    for (const transition of schedule) {
      thread = transition % 16;
      if (transition >= KILL && transition < SHOW) {
        lines.push(`${machine.programs[thread].name} dies`);
      }
      take(machine, transition);
    }
    checkRest(machine);
    atEnd();
  } catch (thrown) {
    lines.push(thrown instanceof Error ? thrown.message : String(thrown));
  }
  return lines;
}
