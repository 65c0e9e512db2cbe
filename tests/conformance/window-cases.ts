import { readFileSync } from 'node:fs';

/** One line of a case's script; `format` in the file says what each means. */
export type Line =
  | ['record', key: string, timestamp: number, value: number]
  | ['watermark', watermark: number]
  | ['expect', results: [key: string, value: number, timestamp: number, ...edges: number[]][]]
  | ['expectLate', records: [key: string, timestamp: number][]]
  | ['restore'];

export interface WindowCase {
  readonly name: string;
  readonly source: string;
  readonly window: {
    kind: 'tumbling' | 'hopping' | 'session';
    size: number;
    slide: number;
    gap: number;
  };
  readonly aggregate: 'sum';
  readonly allowedLateness?: number;
  readonly panes?: 'accumulating' | 'discarding';
  /** What a result is, when it is not `[key, value, timestamp]`: the window's edges too. */
  readonly output?: '[key, value, timestamp, start, end]';
  readonly script: readonly Line[];
}

interface Cases {
  readonly windows: readonly WindowCase[];
  readonly assignment: readonly {
    size: number;
    slide: number;
    offset: number;
    timestamp: number;
    starts: readonly number[];
  }[];
  readonly boundedOutOfOrderness: readonly {
    bound: number;
    timestamps: readonly number[];
    watermark: number;
  }[];
  readonly intervalJoin: readonly {
    source: string;
    lower: number;
    upper: number;
    left: readonly number[];
    right: readonly number[];
    pairs: readonly (readonly [left: number, right: number])[];
  }[];
  readonly idleness: readonly {
    note: string;
    inputs: number;
    script: readonly (
      | ['watermark', input: number, watermark: number]
      | ['idle', input: number]
      | ['active', input: number]
      | ['expect', outputs: (number | 'idle')[]]
    )[];
  }[];
}

/** Cases published with other engines' tests. */
export const cases: Cases = JSON.parse(
  readFileSync(new URL('./cases/windows.json', import.meta.url), 'utf8'),
);

export const windowCases = cases.windows;
