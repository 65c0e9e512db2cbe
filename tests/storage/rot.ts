import {
  ENTRY_BYTES,
  FRAME,
  SEGMENT,
  SEGMENT_HEADER_BYTES,
} from '../../packages/workers/src/storage/frame-layout.ts';
import { FrameScanner } from '../../packages/workers/src/storage/frame-scanner.ts';
import { readSegmentHeader } from '../../packages/workers/src/storage/segment.ts';
import { ShardLog } from '../../packages/workers/src/storage/shard-log.ts';
import { type Random, seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { SimulatedDisk } from '../../packages/workers/src/storage/testing/simulated-disk.ts';
import { compareLog, DIRECTORY, type History, writeHistory } from './workload.ts';

/** Damages of one history. */
const DAMAGES = 100;
const ACTIONS = 40;

export interface RotReport {
  readonly damages: number;
  /** How often each field was damaged. */
  readonly fields: Readonly<Record<string, number>>;
  readonly undetected: readonly string[];
}

/** A stretch of bytes that mean something. */
interface Field {
  readonly name: string;
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
}

/**
 * Flips a bit, or cuts a file off, in fields of segments that had been closed cleanly. Opening the
 * log, or reading it, must tell.
 */
export function rot(damages: number, firstSeed: number): RotReport {
  const fields: Record<string, number> = {};
  const undetected: string[] = [];
  let done = 0;
  for (let seed = firstSeed; done < damages; seed++) {
    const random = seededRandom(seed);
    const history = writeHistory(new SimulatedDisk(), random, { actions: ACTIONS });
    ShardLog.open(history.disk, DIRECTORY, history.options).close();
    const found = fieldsOf(history.disk);
    const names = Object.keys(found);
    for (let damage = 0; damage < DAMAGES && done < damages; damage++, done++) {
      const name = names[random.below(names.length)];
      const field = found[name][random.below(found[name].length)];
      fields[name] = (fields[name] ?? 0) + 1;
      const how = damageOne(history, field, random);
      if (how !== undefined) undetected.push(`seed ${seed}: ${how}`);
    }
  }
  return { damages: done, fields, undetected };
}

/** What was done, when nothing told. */
function damageOne(history: History, field: Field, random: Random): string | undefined {
  const disk = new SimulatedDisk(history.disk);
  const at = field.at + random.below(field.bytes);
  const bit = random.below(8);
  const cuts = random.chance(0.3);
  disk.damage(field.path, bytes => {
    if (cuts) return bytes.subarray(0, at);
    bytes[at] ^= 1 << bit;
    return bytes;
  });
  try {
    const log = ShardLog.open(disk, DIRECTORY, history.options);
    const fault = compareLog(log, history.slots);
    return `${cuts ? 'a cut at' : `bit ${bit} of`} byte ${at} (${field.name}) of ${field.path}: ${fault}`;
  } catch (error) {
    const code = (error as { code?: string }).code;
    return code === 'LOG_DAMAGED' || code === 'STORAGE_MISMATCH' ? undefined : String(error);
  }
}

/** Every field of every segment, by name. */
function fieldsOf(disk: SimulatedDisk): Record<string, Field[]> {
  const found: Record<string, Field[]> = {};
  const add = (name: string, path: string, at: number, bytes: number): void => {
    if (bytes <= 0) return;
    found[name] ??= [];
    found[name].push({ name, path, at, bytes });
  };
  const addAll = (
    what: string,
    layout: Readonly<Record<string, number>>,
    end: number,
    path: string,
    base: number,
  ): void => {
    const places = [...Object.entries(layout), ['', end] as const];
    for (let i = 0; i + 1 < places.length; i++) {
      const [name, at] = places[i];
      add(`${what} ${name}`, path, base + at, places[i + 1][1] - at);
    }
  };
  for (const name of disk.readDirectory(DIRECTORY)) {
    if (!name.endsWith('.log')) continue;
    const path = `${DIRECTORY}/${name}`;
    const file = disk.openFile(path, 'read');
    const { salt } = readSegmentHeader(file);
    addAll('header', SEGMENT, SEGMENT_HEADER_BYTES, path, 0);
    const scanner = new FrameScanner(file, salt);
    const { body, ...header } = FRAME;
    for (let at = SEGMENT_HEADER_BYTES; scanner.load(at); at = scanner.end) {
      const what = scanner.isSeal ? 'seal' : 'frame';
      addAll(what, header, body, path, at);
      const stored = scanner.bodyBytes;
      const padding = scanner.length - body - stored;
      add(`${what} padding bytes`, path, at + body + stored, padding);
      if (scanner.isCompressed) add('frame compressed body', path, at + body, stored);
      else {
        add(`${what} records`, path, at + body, scanner.payloadBytes);
        const entries = at + body + scanner.payloadBytes;
        add('frame entries', path, entries, scanner.count * ENTRY_BYTES);
      }
    }
  }
  return found;
}
