/** What the pipes carry: a sensor's reading, 16 bytes: sensor, sequence (32 bits each), value (a double). */
export interface Reading {
  readonly sensor: number;
  readonly sequence: number;
  readonly value: number;
}

export const READING_BYTES = 16;
export const SENSOR_AT = 0;
export const SEQUENCE_AT = 4;
export const VALUE_AT = 8;

/** Sensors take turns. */
export const SENSORS = 1024;

/** What a sensor reads: exact in binary, so that sums do not depend on their order. */
export function readingOf(sequence: number): number {
  return (sequence & 4095) * 0.25;
}

/** What has arrived, in numbers that neither losses nor repetitions leave as they are. */
export interface Tally {
  count: number;
  /** Sum of the sequences. */
  sequences: number;
  /** Sum of the values. */
  values: number;
}

/** The tally of the sequences `from` to `to − 1`. */
export function tallyOf(from: number, to: number): Tally {
  let values = 0;
  for (let sequence = from; sequence < to; sequence++) values += readingOf(sequence);
  return { count: to - from, sequences: ((to - from) * (from + to - 1)) / 2, values };
}

/** Throws unless what has arrived is what was sent. */
export function checkTally(is: Tally, expected: Tally): void {
  if (
    is.count !== expected.count ||
    is.sequences !== expected.sequences ||
    is.values !== expected.values
  ) {
    throw new Error(
      `wrong answer: arrived ${JSON.stringify(is)}, sent ${JSON.stringify(expected)}`,
    );
  }
}

/** In place of a sequence: everything that was sent to the shard before has now been seen. */
export const END_OF_PASS = -1;
