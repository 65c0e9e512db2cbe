import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Place } from '../disk/place.ts';
import { Skipped } from '../runner/measurable.ts';

const START_MS = 10_000;
const STOP_MS = 10_000;
const RETRY_MS = 20;
/** Ends the server when its standard input does: also when the bench's process is killed. */
const GUARD = '"$@" & server=$!; read _; kill $server; wait $server';
const LOG_TAIL_CHARACTERS = 600;

/** The program that the environment names, or the one on `PATH`. Throws `Skipped`. */
export function serverProgram(program: string, variable: string): string {
  const named = process.env[variable];
  if (named !== undefined) return named;
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  throw new Skipped(`no ${program} on PATH, and ${variable} names none`);
}

/** Somebody else's server, on a free port of the loopback, in a directory of its own that goes with it. */
export class Server {
  readonly port: number;
  private readonly place: Place;
  private readonly child: ChildProcess;
  private readonly log: string;

  private constructor(place: Place, port: number, program: string, args: readonly string[]) {
    this.place = place;
    this.port = port;
    this.log = join(place.path, 'server.log');
    const log = openSync(this.log, 'w');
    this.child = spawn('sh', ['-c', GUARD, 'sh', program, ...args], {
      cwd: place.path,
      detached: true,
      stdio: ['pipe', log, log],
    });
    closeSync(log);
  }

  /** Returns once the server takes connections. */
  static async start(
    program: string,
    args: (port: number, directory: string) => readonly string[],
  ): Promise<Server> {
    const place = new Place();
    const port = await freePort();
    const server = new Server(place, port, program, args(port, place.path));
    try {
      (await server.connect()).destroy();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A connection to the server, which may still be starting. */
  async connect(): Promise<Socket> {
    const startMs = performance.now();
    for (;;) {
      const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
      try {
        await once(socket, 'connect');
        return socket;
      } catch (error) {
        socket.destroy();
        if (performance.now() - startMs > START_MS) throw this.unreachable(error as Error);
        await sleep(RETRY_MS);
      }
    }
  }

  async stop(): Promise<void> {
    const { child, place } = this;
    const { pid } = child;
    if (pid !== undefined && child.exitCode === null) {
      const exited = once(child, 'exit');
      const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_MS);
      child.stdin?.end();
      await exited;
      clearTimeout(timer);
    }
    place.remove();
  }

  private unreachable(cause: Error): Error {
    const said = readFileSync(this.log, 'utf8').slice(-LOG_TAIL_CHARACTERS);
    return new Error(`the server does not take connections (${cause.message}); it said: ${said}`);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
