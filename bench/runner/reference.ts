import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Effort } from './measurable.ts';

const run = promisify(execFile);

/** The reference's own name is a URL, which Go does not take for a module; this it does. */
const MODULE = 'litestreams';
const SETTINGS = { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', GO111MODULE: 'on' };

/**
 * The benchmarks of the Go reference, compiled from a copy of a checkout. Nothing is written to the
 * checkout, and nothing is fetched: it has no dependencies.
 */
export class GoReference {
  private readonly directory: string;
  private readonly program: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.program = join(directory, 'bench.test');
  }

  /** Copies the checkout, repairs its module path and compiles its benchmarks with the `go` program. */
  static async build(checkout: string, go: string): Promise<GoReference> {
    const directory = mkdtempSync(join(tmpdir(), 'lite-streams-reference-'));
    const reference = new GoReference(directory);
    try {
      cpSync(checkout, directory, { recursive: true, filter: path => !path.endsWith('.git') });
      repairModulePath(directory);
      await run(go, ['test', '-c', '-o', reference.program, './benchmark'], {
        cwd: directory,
        env: { ...process.env, ...SETTINGS },
      });
      return reference;
    } catch (error) {
      reference.remove();
      throw error;
    }
  }

  /** Nanoseconds per operation of one benchmark, a few short runs of it. */
  async measure(benchmark: string, effort: Effort): Promise<number[]> {
    const { stdout } = await run(this.program, [
      '-test.run=^$',
      `-test.bench=^Benchmark${benchmark}$`,
      `-test.benchtime=${effort.quick ? '20ms' : '60ms'}`,
      `-test.count=${effort.quick ? 2 : 3}`,
    ]);
    const samples = parseNanoseconds(stdout, benchmark);
    if (samples.length === 0) throw new Error(`the reference printed no figure:\n${stdout}`);
    return samples;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The figures of `BenchmarkName-2    1000    64.2 ns/op` lines. */
export function parseNanoseconds(output: string, benchmark: string): number[] {
  const line = new RegExp(`^Benchmark${benchmark}(?:-\\d+)?\\s+\\d+\\s+([\\d.]+) ns/op`, 'gm');
  return [...output.matchAll(line)].map(match => Number(match[1]));
}

function repairModulePath(directory: string): void {
  const name = /^module\s+(\S+)/m.exec(readFileSync(join(directory, 'go.mod'), 'utf8'))?.[1];
  if (name === undefined) throw new Error(`${directory}/go.mod names no module`);
  const bare = name.replace(/^\w+:\/\//, '');
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (extname(path) !== '.go' && path !== 'go.mod') continue;
    const file = join(directory, path);
    const text = readFileSync(file, 'utf8');
    const repaired = text.replaceAll(name, MODULE).replaceAll(bare, MODULE);
    if (repaired !== text) writeFileSync(file, repaired);
  }
}
