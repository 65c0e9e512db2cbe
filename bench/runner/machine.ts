import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

export function machineLine(machine: Machine): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const cores = `${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}`;
  return `${machine.cpu}, ${cores}, ${memory}, ${machine.platform}, Node.js ${machine.node} (V8 ${machine.v8})`;
}

/** A warning where other programs keep the cores busy already. */
export function busyWith(): string[] {
  const [lastMinute] = loadavg();
  if (lastMinute < availableParallelism() / 2) return [];
  return [`the machine was busy before (load ${lastMinute.toFixed(1)}): trust the ratios only`];
}
