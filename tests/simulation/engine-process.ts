import { type Consumer, StreamError, Topic, type TopicDescriptor } from '@lite-streams/core';
import { Bell } from '@lite-streams/core/internal';
import { engineConfig, topicOptions } from '../../packages/workers/src/engine-config.ts';
import { OwnerCycle } from '../../packages/workers/src/owner/owner-cycle.ts';
import { Control } from '../../packages/workers/src/protocol/control.ts';
import type { FromProcessor } from '../../packages/workers/src/protocol/messages.ts';
import type { Disk } from '../../packages/workers/src/storage/disk.ts';
import { historyOf } from '../../packages/workers/src/storage/disk-history.ts';
import { EngineDirectory } from '../../packages/workers/src/storage/engine-directory.ts';
import { EpochFiles } from '../../packages/workers/src/storage/epoch-files.ts';
import { GroupOffsets } from '../../packages/workers/src/storage/group-offsets.ts';
import { openDurableTopic } from '../../packages/workers/src/storage/open-topic.ts';
import type { Random } from '../../packages/workers/src/storage/testing/random.ts';
import { JobRun } from '../../packages/workers/src/supervisor/job-run.ts';
import type { Ledger } from './ledger.ts';
import { sums } from './pipeline.ts';
import { SimulatedProcessor } from './processor.ts';
import { BatchingProducer, type SimulatedProducer, SingleProducer } from './producers.ts';

export const DIRECTORY = '/data';
const PROCESSORS = 2;
const PRODUCERS = 2;
const READERS = 'readers';
/** The pipeline's own. */
const GROUP = `pipeline/${sums.name}`;
/** The clock's steps, in milliseconds. */
const LONGEST_TICK_MS = 24;
const DEAD_LETTERS = 'sums.dead-letters';

/** What a seed decides once. */
export interface Settings {
  readonly acks: 'disk' | 'os';
  readonly owners: number;
  readonly compression: 'none' | 'zstd';
  readonly segmentBytes: number;
  /** How often an owner whose turn it is does nothing: others see much that is not in its logs yet. */
  readonly ownersRest: number;
}

/** What of the machine everybody sees. Its clocks go on through crashes. */
export interface Machine {
  /** Its disk refuses, or the machine has stopped: what follows from that in this life is no fault. */
  failing: boolean;
  /** May jump. */
  wallMs: number;
  /** Never goes back. */
  steadyMs: number;
}

export interface ProcessParts {
  readonly disk: Disk;
  readonly settings: Settings;
  readonly machine: Machine;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Numbers of producers, over all processes. */
  nextProducer(): number;
  trace(line: string): void;
}

/** One agent: something that a thread of its own does in an engine. */
interface Agent {
  readonly name: string;
  step(): void;
  busy: boolean;
}

interface OwnerPlace {
  cycle: OwnerCycle;
  thread: number;
  readonly exited: number[];
  readonly repairing: Set<number>;
}

/** A process with an engine in it, without threads: whoever has it steps one agent after the other. */
export class EngineProcess {
  /** Epochs that were committed. */
  epochs = 0;
  /** How the pipeline has ended. */
  ended: string | undefined;
  readonly topics = new Map<string, Topic>();
  private readonly parts: ProcessParts;
  private readonly bell = Bell.create();
  private readonly control = Control.create();
  private readonly config: ReturnType<typeof engineConfig>;
  private readonly descriptors: TopicDescriptor[];
  private readonly owners: OwnerPlace[] = [];
  private readonly processors: { place: SimulatedProcessor; thread: number }[] = [];
  private readonly producers: { place: SimulatedProducer | undefined; thread: number }[] = [];
  private reader: { place: Consumer; thread: number; topic: Topic };
  private readonly agents: Agent[] = [];
  private readonly said: { index: number; message: FromProcessor }[] = [];
  private readonly dead: number[] = [];
  private readonly run: JobRun;
  private readonly timers = new Set<{ atMs: number; then: () => void }>();

  /** Recovers what is on the disk, and begins the pipeline and its surroundings. */
  constructor(parts: ProcessParts) {
    this.parts = parts;
    const { disk, settings } = parts;
    const { acks, owners } = settings;
    const small = { shards: 2, slots: 64, shardBytes: 16_384, maxProducers: 12, maxGroups: 4 };
    const own = { ...small, directory: DIRECTORY, acks, owners, processors: PROCESSORS };
    this.config = engineConfig(own, {});
    const directory = EngineDirectory.openToRead(DIRECTORY, disk);
    const environment = { thread: this.control.nextThread(), bell: this.bell, now: this.now };
    for (const name of ['in', 'out', 'late']) {
      const { compression, segmentBytes } = settings;
      const options = topicOptions(this.config, {
        compression,
        segmentBytes,
        shards: name === 'late' ? 1 : 2,
      });
      const topic = openDurableTopic(directory, disk, name, options, environment);
      topic.owner = NOBODY;
      this.topics.set(name, topic);
    }
    // Nobody reads it, and nothing comes to it.
    const unread = topicOptions(this.config, { shards: 1, durable: false });
    this.topics.set(DEAD_LETTERS, Topic.create(DEAD_LETTERS, unread, environment));
    this.descriptors = [...this.topics.values()].map(topic => topic.descriptor());
    this.checkGroups();
    for (let index = 0; index < owners; index++) this.addOwner(index);
    this.topic('in').createGroup(GROUP, 'earliest');
    this.run = this.startPipeline();
    for (let index = 0; index < PROCESSORS; index++) this.addProcessor(index);
    for (let index = 0; index < PRODUCERS; index++) this.addProducer(index);
    this.reader = this.newReader();
    this.agents.push(
      { name: 'supervisor', step: () => this.stepSupervisor(), busy: false },
      { name: 'reader', step: () => this.read(), busy: false },
      { name: 'clock', step: () => this.tick(), busy: false },
    );
  }

  topic(name: string): Topic {
    return this.topics.get(name) as Topic;
  }

  /** Steps an agent at random, other than those that are in the midst of a step. */
  stepOne(): void {
    const free = this.agents.filter(({ busy }) => !busy);
    if (free.length > 0) this.step(free[this.parts.random.below(free.length)]);
  }

  /** Steps every agent once. */
  stepAll(): void {
    for (const agent of this.agents) this.step(agent);
  }

  /** A thread dies between two steps; somebody takes its place. */
  killOne(): void {
    const { random } = this.parts;
    const [role, index] = [
      ['owner', random.below(this.owners.length)],
      ['processor', random.below(PROCESSORS)],
      ['producer', random.below(PRODUCERS)],
      ['reader', 0],
    ][random.below(4)] as [string, number];
    if (this.agents.some(({ name, busy }) => busy && name.startsWith(role))) return;
    this.parts.trace(`dies: ${role} ${index}`);
    if (role === 'owner') this.killOwner(index);
    else if (role === 'processor') this.killProcessor(index);
    else if (role === 'producer') this.killProducer(index);
    else this.killReader();
  }

  /** What has been acknowledged up to now is so, whatever dies. */
  lookForAcknowledgements(): void {
    for (const { place } of this.producers) this.guarded('producer', () => place?.look());
  }

  /** Ends the producers; `false` as long as one has something to send. */
  endProducers(): boolean {
    let all = true;
    for (const one of this.producers) {
      one.place?.look();
      if (one.place === undefined || !one.place.end()) {
        all &&= one.place === undefined;
        continue;
      }
      one.place = undefined;
    }
    return all;
  }

  /** Compares what stands in the topics with what has to. */
  checkOn(end: boolean): void {
    const { ledger } = this.parts;
    ledger.checkInputs(this.topic('in'));
    ledger.checkOutputs(this.topic('in'), this.topic('late'), this.topic('out'), end);
  }

  /** How things stand, for whoever wonders why nothing happens. */
  get standing(): string {
    const lag = this.topic('in').lag(GROUP);
    return `lag ${lag}, ${this.said.length} letters`;
  }

  /** Whether nothing waits to be written or to be read. */
  get settled(): boolean {
    const { owners } = this;
    if (owners.some(({ cycle }) => cycle.behind)) return false;
    return this.reader.topic.lag(READERS) === 0;
  }

  private readonly now = (): number => this.parts.machine.wallMs;

  private step(agent: Agent): void {
    this.occupied(agent, () => agent.step());
  }

  /** While it is in the midst of something, others may go on, but not itself. */
  private occupied(agent: Agent, work: () => void): void {
    agent.busy = true;
    try {
      this.guarded(agent.name, work);
    } finally {
      agent.busy = false;
    }
  }

  /** After the disk has refused something, whoever relies on it is refused, by name. */
  private guarded(name: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.parts.machine.failing && error instanceof StreamError) return;
      throw new Error(`${name} fails`, { cause: error });
    }
  }

  private checkGroups(): void {
    const { disk, ledger } = this.parts;
    const out = this.topic('out');
    const ends = out.shards.map(shard => shard.offsetOf(shard.published()));
    const kept = new GroupOffsets(disk, DIRECTORY, 'out').read(READERS);
    ledger.checkCommitted(kept, ends);
    for (const [shard, offset] of (kept ?? []).entries()) {
      if (offset > ledger.furthestGiven(shard)) {
        ledger.fault(`out/${shard}: committed ${offset}, given ${ledger.furthestGiven(shard)}`);
      }
    }
  }

  private attach(name: string, thread: number): Topic {
    const descriptor = this.descriptors.find(one => one.name === name) as TopicDescriptor;
    const history = historyOf(descriptor.storage, this.parts.disk);
    const { bell, now } = this;
    const topic = Topic.attach(descriptor, { thread, bell, now, history });
    topic.owner = NOBODY;
    return topic;
  }

  private addOwner(index: number): void {
    const thread = this.control.nextThread();
    const place: OwnerPlace = {
      cycle: this.newOwner(index, thread, []),
      thread,
      exited: [],
      repairing: new Set(),
    };
    this.owners[index] = place;
    const { random, settings } = this.parts;
    const step = (): void => {
      if (random.chance(settings.ownersRest)) return;
      const gone = place.exited.shift();
      if (gone === undefined) place.cycle.step();
      else place.cycle.threadExited(gone);
    };
    this.agents.push({ name: `owner ${index}`, step, busy: false });
  }

  private newOwner(index: number, thread: number, exited: readonly number[]): OwnerCycle {
    const { disk, ledger, trace } = this.parts;
    const boot = {
      control: this.control.buffer,
      bell: this.bell.buffer,
      config: this.config,
      thread,
      index,
      topics: this.descriptors,
      exited,
    };
    return new OwnerCycle(
      boot,
      this.now,
      {
        poisoned: (topic, shard, error) =>
          ledger.fault(`${topic}/${shard} is poisoned: ${String(error)}`),
        repaired: gone => this.owners[index]?.repairing.delete(gone),
        stopped: (topic, shard, error) => {
          trace(`stops: ${topic}/${shard} ${String(error)}`);
          if (!this.parts.machine.failing)
            ledger.fault(`${topic}/${shard} stops by itself: ${String(error)}`);
        },
      },
      disk,
    );
  }

  private killOwner(index: number): void {
    const place = this.owners[index];
    const dead = place.thread;
    place.thread = this.control.nextThread();
    const exited = [...place.repairing, ...place.exited, dead];
    place.exited.length = 0;
    place.repairing.add(dead);
    const agent = this.agents.find(({ name }) => name === `owner ${index}`) as Agent;
    this.occupied(agent, () => {
      place.cycle = this.newOwner(index, place.thread, exited);
    });
    for (const other of this.owners) if (other !== place) this.tellOwner(other, dead);
  }

  private tellOwner(place: OwnerPlace, gone: number): void {
    place.repairing.add(gone);
    place.exited.push(gone);
  }

  private hasExited(thread: number): void {
    for (const place of this.owners) this.tellOwner(place, thread);
  }

  private newProcessor(index: number): { place: SimulatedProcessor; thread: number } {
    const thread = this.control.nextThread();
    const handles = new Map<string, Topic>();
    const place: SimulatedProcessor = new SimulatedProcessor({
      index,
      processors: PROCESSORS,
      bell: this.bell,
      now: this.now,
      topic: name => {
        const topic = handles.get(name) ?? this.attach(name, thread);
        handles.set(name, topic);
        return topic;
      },
      // What a dead thread had not said, it never says.
      tell: message => {
        if (this.processors[index].place === place) this.said.push({ index, message });
      },
    });
    return { place, thread };
  }

  private addProcessor(index: number): void {
    const { random } = this.parts;
    const step = (): void => {
      const { place } = this.processors[index];
      if (random.chance(0.7)) place.receive();
      place.step(1 + random.below(12));
    };
    this.agents.push({ name: `processor ${index}`, step, busy: false });
  }

  private killProcessor(index: number): void {
    const { thread } = this.processors[index];
    this.processors[index] = this.newProcessor(index);
    this.hasExited(thread);
    this.run.processorExited(index, thread, undefined);
    this.dead.push(index);
  }

  private addProducer(index: number): void {
    this.producers[index] = this.newProducer();
    const step = (): void => this.producers[index].place?.step();
    this.agents.push({ name: `producer ${index}`, step, busy: false });
  }

  private newProducer(): { place: SimulatedProducer; thread: number } {
    const { ledger, random } = this.parts;
    const thread = this.control.nextThread();
    const id = this.parts.nextProducer();
    const Kind = random.chance(0.6) ? BatchingProducer : SingleProducer;
    return { place: new Kind(id, this.attach('in', thread), ledger, random), thread };
  }

  private killProducer(index: number): void {
    const { place, thread } = this.producers[index];
    if (place === undefined) return;
    this.guarded('producer', () => place.look());
    this.hasExited(thread);
    this.guarded('producer', () => {
      this.producers[index] = this.newProducer();
    });
  }

  private newReader(): { place: Consumer; thread: number; topic: Topic } {
    const thread = this.control.nextThread();
    const topic = this.attach('out', thread);
    const maxRecords = 1 + this.parts.random.below(20);
    return { place: topic.consume({ group: READERS, maxRecords }), thread, topic };
  }

  private killReader(): void {
    this.hasExited(this.reader.thread);
    this.reader = this.newReader();
  }

  private read(): void {
    const { place } = this.reader;
    const { ledger } = this.parts;
    for (const { shard, offset, text } of place.poll() ?? []) ledger.gave({ shard, offset, text });
    for (const shard of place.assignment) ledger.gaveTo(shard, place.position(shard));
  }

  private tick(): void {
    const ms = this.parts.random.below(LONGEST_TICK_MS);
    this.parts.machine.wallMs += ms;
    this.parts.machine.steadyMs += ms;
  }

  private startPipeline(): JobRun {
    const { disk, machine } = this.parts;
    for (let index = 0; index < PROCESSORS; index++) {
      this.processors[index] = this.newProcessor(index);
    }
    const epochs = new EpochFiles(disk, DIRECTORY);
    const request = { module: sums.name, name: undefined, savepoint: undefined };
    const run: JobRun = new JobRun(1, request, {
      processors: PROCESSORS,
      channelBytes: 4_096,
      slowCallMs: 10_000,
      clock: {
        now: () => machine.steadyMs,
        date: this.now,
        after: (ms, then) => {
          const timer = { atMs: machine.steadyMs + ms, then };
          this.timers.add(timer);
          return () => this.timers.delete(timer);
        },
      },
      send: (index, message) => this.processors[index].place.letters.push(structuredClone(message)),
      tell: message => {
        if (message.kind === 'loaded') {
          run.begin({ shards: new Map([['in', 2]]), durable: true, keep: true });
        } else if (message.kind === 'ended') {
          const { state, error } = message.how;
          this.ended = state;
          this.parts.trace(`pipeline: ${state} ${error?.message ?? ''}`);
          if (state !== 'drained' && !this.parts.machine.failing) {
            this.parts.ledger.fault(`the pipeline ends: ${state}: ${error?.message}`);
          }
        } else if (message.kind === 'epoch') {
          this.epochs++;
          this.parts.trace(`epoch ${message.epoch}`);
        }
      },
      epochs: () => epochs,
      over: () => {},
    });
    return run;
  }

  /** The successor of a processor that died, or one timer, or some messages. */
  private stepSupervisor(): void {
    const { machine, random } = this.parts;
    const index = this.dead.shift();
    if (index !== undefined) {
      this.run.processorReplaced(index);
      return;
    }
    const due = [...this.timers].find(({ atMs }) => atMs <= machine.steadyMs);
    if (due !== undefined && random.chance(0.5)) {
      this.timers.delete(due);
      due.then();
      return;
    }
    for (let left = random.below(6); left > 0; left--) {
      const letter = this.said.shift();
      if (letter !== undefined) this.run.said(letter.index, letter.message);
    }
  }
}

/** The scheduler steps the owners; nobody has to ask them. */
const NOBODY = { look: () => {} };
