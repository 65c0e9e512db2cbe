import type { Delivered, DeliveryToken } from '@lite-streams/core';
import { DIRECTORY_FORMAT } from '../../packages/workers/src/storage/engine-directory.ts';
import { writeJson } from '../../packages/workers/src/storage/json-file.ts';
import { type Random, seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import {
  type CrashMode,
  type Operation,
  refusal,
  SimulatedDisk,
} from '../../packages/workers/src/storage/testing/simulated-disk.ts';
import { DIRECTORY, EngineProcess, type Machine, type Settings } from './engine-process.ts';
import { Ledger } from './ledger.ts';
import { outside, type Result } from './pipeline.ts';

const MOST_LIVES = 3;
const LONGEST_LIFE = 300;
/** Rounds over all agents that an undisturbed engine has to come to its end in. */
const PATIENCE = 1_500;
/** How often a change of the disk takes so long that another agent goes on meanwhile. */
const MEANWHILE = 0.12;
const SECTOR_BYTES = 512;
const CLOCK_JUMP_MS = 3_600_000;
const MODES: readonly CrashMode[] = ['process', 'power', 'disordered'];

export interface Outcome {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly acknowledged: number;
  /** How many of each kind befell it. */
  readonly crashes: number;
  readonly refusals: number;
  readonly deaths: number;
  readonly epochs: number;
}

export interface SimulationOptions {
  /** Told what happens, line by line. */
  readonly trace?: ((line: string) => void) | undefined;
}

/**
 * One engine over several lives, with everything that befalls it, as a seed decides. All that happens
 * is steps of agents in an order that the seed decides too, so that it repeats.
 */
export function simulate(seed: number, { trace = () => {} }: SimulationOptions = {}): Outcome {
  return new Simulation(seed, trace).run();
}

/** A life is over. */
class Death extends Error {}

class Simulation {
  private readonly seed: number;
  private readonly random: Random;
  private readonly trace: (line: string) => void;
  private readonly ledger = new Ledger();
  private readonly machine: Machine = { failing: false, wallMs: 1_700_000_000_000, steadyMs: 0 };
  private readonly settings: Settings;
  private disk = new SimulatedDisk();
  private process: EngineProcess | undefined;
  private producers = 0;
  private crashed = false;
  /** Changes of the disk until it refuses one, or the machine crashes at one. */
  private refuseIn = Number.POSITIVE_INFINITY;
  private refusesOn = false;
  private crashIn = Number.POSITIVE_INFINITY;
  /** Whether it crashes at a flush of more than a sector: most is at stake then. */
  private crashesAtFlush = false;
  /** Bytes that were written to a file since it was flushed. */
  private readonly unflushed = new Map<number, number>();
  private crashes = 0;
  private refusals = 0;
  private deaths = 0;
  private epochs = 0;

  constructor(seed: number, trace: (line: string) => void) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.trace = trace;
    const { random } = this;
    this.settings = {
      acks: random.chance(0.8) ? 'disk' : 'os',
      owners: 1 + random.below(2),
      compression: random.chance(0.2) ? 'zstd' : 'none',
      segmentBytes: 4_096,
      ownersRest: random.chance(0.3) ? 0.85 : 0,
    };
    this.trace(`settings ${JSON.stringify(this.settings)}`);
    this.disk.makeDirectory(DIRECTORY);
    const engine = { product: 'lite-streams', format: DIRECTORY_FORMAT };
    writeJson(this.disk, `${DIRECTORY}/engine.json`, engine);
    outside.write = (results, { token }) => this.receive(results, token);
  }

  run(): Outcome {
    try {
      for (let lives = this.random.below(MOST_LIVES) + 1; lives > 0; lives--) this.live();
      this.finish();
    } catch (error) {
      this.ledger.fault(describe(error));
    }
    this.countEpochs();
    const { seed, crashes, refusals, deaths, epochs } = this;
    const { faults, acknowledgedRecords: acknowledged } = this.ledger;
    for (const fault of faults) this.trace(`FAULT ${fault}`);
    return { seed, faults, acknowledged, crashes, refusals, deaths, epochs };
  }

  /** One life: from a recovery to a crash. */
  private live(): void {
    const { random } = this;
    const atOnce = random.chance(0.15);
    if (random.chance(0.8)) this.crashIn = 1 + random.below(atOnce ? 20 : 150);
    if (random.chance(0.2)) this.refuseIn = 1 + random.below(atOnce ? 20 : 300);
    this.crashesAtFlush = random.chance(0.6);
    this.refusesOn = random.chance(0.5);
    this.untilDeath(() => {
      this.begin();
      this.process?.checkOn(false);
      const steps = 20 + random.below(LONGEST_LIFE);
      let left = steps;
      for (let step = 0; step < steps && left-- > 0; step++) {
        this.stepOne();
        if (this.machine.failing && left > 40) left = random.below(40);
      }
      this.process?.lookForAcknowledgements();
    });
    this.crash();
  }

  /** The last life: nothing more befalls it, and everything comes to its end. */
  private finish(): void {
    this.begin();
    const { process, ledger } = this;
    if (process === undefined) return;
    process.checkOn(false);
    for (let step = this.random.below(LONGEST_LIFE); step > 0; step--) process.stepOne();
    let ended = false;
    let rounds = 0;
    for (; rounds < PATIENCE; rounds++) {
      if (!ended && process.endProducers()) {
        ended = true;
        process.topic('in').end();
      }
      process.stepAll();
      if (process.ended !== undefined && process.settled) break;
    }
    this.trace(`ends after ${rounds} rounds`);
    if (process.ended === undefined)
      ledger.fault(`it does not come to its end: ${process.standing}`);
    else if (process.ended !== 'drained') ledger.fault(`the pipeline is ${process.ended}`);
    else process.checkOn(true);
  }

  private begin(): void {
    const { disk, settings, machine, ledger, random } = this;
    this.crashed = false;
    machine.failing = false;
    this.process = undefined;
    disk.beforeStep = (_step, operation) => this.beforeChange(operation);
    this.process = new EngineProcess({
      disk,
      settings,
      machine,
      ledger,
      random,
      nextProducer: () => ++this.producers,
      trace: this.trace,
    });
  }

  private stepOne(): void {
    const { process, random, machine } = this;
    if (process === undefined) return;
    if (random.chance(0.015)) {
      this.deaths++;
      process.killOne();
    } else if (random.chance(0.01)) {
      machine.wallMs += random.below(2 * CLOCK_JUMP_MS) - CLOCK_JUMP_MS;
    } else process.stepOne();
    if (this.crashed) throw new Death();
  }

  /** Whatever is thrown after the crash comes of it. */
  private untilDeath(work: () => void): void {
    try {
      work();
    } catch (error) {
      const isRefused = this.machine.failing && this.process === undefined;
      if (!this.crashed && !isRefused) throw error;
    }
  }

  /** The system outside survives everything; calls of it fail before or after it has taken a batch. */
  private receive(results: readonly Delivered<Result>[], token: DeliveryToken): void {
    if (this.crashed || this.random.chance(0.1)) throw new Error('no answer');
    const values = results.map(({ value }) => value);
    this.ledger.received(token, values);
    if (this.random.chance(0.1)) throw new Error('no confirmation');
  }

  private countEpochs(): void {
    this.epochs += this.process?.epochs ?? 0;
    this.process = undefined;
  }

  /** The memory is gone, and some of what was not flushed. */
  private crash(): void {
    const { random, disk, settings } = this;
    this.crashes++;
    this.countEpochs();
    disk.crash();
    const mode = settings.acks === 'os' ? 'process' : MODES[random.below(MODES.length)];
    this.trace(`crashes: ${mode} after ${disk.history.length} changes`);
    this.disk = disk.image(disk.history.length, mode, random);
    this.unflushed.clear();
    this.crashIn = Number.POSITIVE_INFINITY;
    this.refuseIn = Number.POSITIVE_INFINITY;
  }

  /** Whether a flush is one of more than a sector. */
  private noteUnflushed(operation: Operation): boolean {
    if (operation.kind === 'write') {
      const { file, bytes } = operation;
      this.unflushed.set(file, (this.unflushed.get(file) ?? 0) + bytes.length);
    }
    if (operation.kind !== 'dataSync') return false;
    const bytes = this.unflushed.get(operation.file) ?? 0;
    this.unflushed.delete(operation.file);
    return bytes > SECTOR_BYTES;
  }

  /** Called before the disk changes anything: it may refuse, the machine may stop, or others go on. */
  private beforeChange(operation: Operation): void {
    const { process, random } = this;
    if (this.crashed) return;
    const isLarge = this.noteUnflushed(operation);
    if (--this.crashIn <= 0 && (isLarge || !this.crashesAtFlush)) {
      this.trace(`crashes at ${nameOf(operation)}`);
      process?.lookForAcknowledgements();
      this.crashed = true;
      this.machine.failing = true;
      this.disk.crash();
      return;
    }
    const refuses = --this.refuseIn === 0 || (this.refuseIn < 0 && this.refusesOn);
    if (refuses && (operation.kind === 'write' || operation.kind === 'dataSync')) {
      this.trace(`refuses ${nameOf(operation)}`);
      this.refusals++;
      this.machine.failing = true;
      throw refusal(this.refusesOn && operation.kind === 'write' ? 'ENOSPC' : 'EIO', DIRECTORY);
    }
    if (refuses) this.refuseIn = 1;
    if (process === undefined || !random.chance(MEANWHILE)) return;
    process.stepOne();
  }
}

function nameOf(operation: Operation): string {
  const { kind } = operation;
  return 'path' in operation ? `${kind} ${operation.path}` : `${kind} of file ${operation.file}`;
}

function describe(error: unknown): string {
  let text = '';
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const where = cause.stack?.split('\n').slice(1, 4).join(' < ').replaceAll(/\s+/g, ' ');
    text += `${text === '' ? '' : ': '}${cause.message} (${where})`;
  }
  return text;
}
