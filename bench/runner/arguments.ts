import { parseArgs } from 'node:util';
import { BENCH_NAMES } from '../catalog.ts';

export interface RunOptions {
  readonly kind: 'run';
  readonly quick: boolean;
  /** The benches to run; all of them by default. */
  readonly only: readonly string[];
  /** Where to write the report as JSON. */
  readonly json: string | undefined;
  readonly reference: { readonly checkout: string; readonly go: string } | undefined;
}

export interface CompareOptions {
  readonly kind: 'compare';
  readonly before: string;
  readonly after: string;
  /** The share by which a figure may be worse. */
  readonly threshold: number;
}

export interface HelpOptions {
  readonly kind: 'help';
}

/** Thrown for arguments that make no sense; the message says what would. */
export class UsageError extends Error {}

export const USAGE = `Usage: pnpm bench [options]
       pnpm bench nexmark [options]
       pnpm bench --compare BEFORE.json AFTER.json [--threshold SHARE]

  --quick                shorter rounds and fewer of them: everything runs, the figures are rough
  --only NAME[,NAME]     these benches only
  --json FILE            write {machine, results} to FILE
  --reference DIRECTORY  a checkout of the Go reference, measured in turn with ours (copied, not touched)
  --go PROGRAM           the go program for it (default: go)
  --compare              exit with 1 when AFTER is worse than BEFORE by more than the threshold
  --threshold SHARE      default 0.25; each figure's own error is added
  --help

Benches: ${BENCH_NAMES.join(', ')}
`;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  json: { type: 'string' },
  reference: { type: 'string' },
  go: { type: 'string', default: 'go' },
  compare: { type: 'boolean', default: false },
  threshold: { type: 'string', default: '0.25' },
  help: { type: 'boolean', default: false },
} as const;

/** Throws `UsageError`. */
export function parseArguments(args: readonly string[]): RunOptions | CompareOptions | HelpOptions {
  const { values, positionals } = parsed(args);
  if (values.help) return { kind: 'help' };
  if (values.compare) return compareOptions(positionals, values.threshold);
  if (positionals.length > 0) throw new UsageError(`unexpected argument: ${positionals[0]}`);
  return {
    kind: 'run',
    quick: values.quick,
    only: namesOf(values.only),
    json: values.json,
    reference:
      values.reference === undefined ? undefined : { checkout: values.reference, go: values.go },
  };
}

function parsed(args: readonly string[]) {
  try {
    // `pnpm bench -- --quick` passes the two hyphens on.
    const given = args[0] === '--' ? args.slice(1) : [...args];
    return parseArgs({ args: given, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function compareOptions(files: readonly string[], threshold: string): CompareOptions {
  const [before, after] = files;
  if (before === undefined || after === undefined || files.length > 2) {
    throw new UsageError(`--compare takes two JSON files, not ${files.length}`);
  }
  const share = Number(threshold);
  if (!(share > 0)) throw new UsageError(`--threshold is ${threshold}; it takes a share above 0`);
  return { kind: 'compare', before, after, threshold: share };
}

function namesOf(lists: readonly string[] | undefined): readonly string[] {
  if (lists === undefined) return BENCH_NAMES;
  const names = lists.flatMap(list => list.split(',')).filter(name => name !== '');
  for (const name of names) {
    if (!BENCH_NAMES.includes(name)) {
      throw new UsageError(`no bench is named ${name}; there are: ${BENCH_NAMES.join(', ')}`);
    }
  }
  return names;
}
