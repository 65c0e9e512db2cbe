/** One option: everything that is known about it, in one place. */
export interface Option<T> {
  readonly kind: 'count' | 'bytes' | 'milliseconds' | 'choice' | 'flag' | 'text';
  /** What it takes, in words: `a whole number from 1 to 1024`. */
  readonly takes: string;
  readonly default: T;
  /** Environment variables that set it beside `LITE_STREAMS_…`; the first that is set counts. */
  readonly alsoNamed: readonly string[];
  /** What it does, for the documentation: sentences in Markdown. */
  readonly doc: string;
  /** Whether `value` is one that it takes. */
  accepts(value: unknown): value is T;
  /** The value that the text of an environment variable stands for, right or wrong. */
  read(text: string): unknown;
}

interface Described {
  readonly doc: string;
  readonly alsoNamed?: readonly string[];
}

interface Ranged<T> extends Described {
  readonly default: T;
  readonly least: number;
  readonly most: number;
}

/** A whole number in a range. */
export function whole<T extends number | undefined = number>(
  kind: 'count' | 'bytes' | 'milliseconds',
  { default: initial, least, most, doc, alsoNamed = [] }: Ranged<T>,
): Option<T> {
  return {
    kind,
    takes: `a whole number from ${least} to ${most}`,
    default: initial,
    alsoNamed,
    doc,
    accepts: (value): value is T =>
      Number.isInteger(value) && inRange(value as number, least, most),
    read: readNumber,
  };
}

/** A whole number in a range that divides evenly by `step`. */
export function multiple(
  kind: 'count' | 'bytes',
  step: number,
  { default: initial, least, most, doc, alsoNamed = [] }: Ranged<number>,
): Option<number> {
  return {
    kind,
    takes: `a multiple of ${step} from ${least} to ${most}`,
    default: initial,
    alsoNamed,
    doc,
    accepts: (value): value is number =>
      Number.isInteger(value) &&
      (value as number) % step === 0 &&
      inRange(value as number, least, most),
    read: readNumber,
  };
}

/** A power of two in a range. */
export function powerOfTwo(
  kind: 'count' | 'bytes',
  { default: initial, least, most, doc, alsoNamed = [] }: Ranged<number>,
): Option<number> {
  return {
    kind,
    takes: `a power of two from ${least} to ${most}`,
    default: initial,
    alsoNamed,
    doc,
    accepts: (value): value is number =>
      typeof value === 'number' &&
      Number.isInteger(Math.log2(value)) &&
      inRange(value, least, most),
    read: readNumber,
  };
}

/** One of a few words; the first is the default. */
export function choice<const W extends string>(
  words: readonly [W, ...W[]],
  { doc, alsoNamed = [] }: Described,
): Option<W> {
  return {
    kind: 'choice',
    takes: `one of ${words.map(word => JSON.stringify(word)).join(', ')}`,
    default: words[0],
    alsoNamed,
    doc,
    accepts: (value): value is W => words.includes(value as W),
    read: text => text,
  };
}

/** Any text that is not empty; none by default. */
export function text({ doc, alsoNamed = [] }: Described): Option<string | undefined> {
  return {
    kind: 'text',
    takes: 'text',
    default: undefined,
    alsoNamed,
    doc,
    accepts: (value): value is string => typeof value === 'string' && value !== '',
    read: given => given,
  };
}

/** On or off; off by default. */
export function flag({ doc, alsoNamed = [] }: Described): Option<boolean> {
  return {
    kind: 'flag',
    takes: 'true or false',
    default: false,
    alsoNamed,
    doc,
    accepts: (value): value is boolean => typeof value === 'boolean',
    read: readFlag,
  };
}

function readFlag(text: string): unknown {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off)$/i.test(text) ? false : text;
}

/** Only plain decimal digits: `Number` alone would take `0x10` and `1e3`. */
function readNumber(text: string): unknown {
  return /^\s*-?\d+\s*$/.test(text) ? Number(text) : text;
}

function inRange(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
