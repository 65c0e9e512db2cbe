import type { Measurable } from '../runner/measurable.ts';
import { type Batch, BatchBytes, onDisk, type PeerLog, VALUE_BYTES } from './on-disk.ts';
import { type Reply, RespConnection } from './resp.ts';
import { Server, serverProgram } from './server.ts';

/** Streams, each with a connection of its own: with 4, as a topic has shards, it was slower. */
const STREAMS = 16;
const READ_ENTRIES = 1_000;

/**
 * Redis Streams with `appendfsync always`: batches of pipelined `XADD`, answered once the append-only
 * file is on disk. `REDIS_SERVER` names the program, else `PATH` does.
 */
export default async (): Promise<Measurable> => {
  const program = serverProgram('redis-server', 'REDIS_SERVER');
  const server = await Server.start(program, (port, directory) => [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory],
    ...['--appendonly', 'yes', '--appendfsync', 'always'],
    ...['--auto-aof-rewrite-percentage', '0', '--save', ''],
  ]);
  const sockets = Array.from({ length: STREAMS }, () => server.connect());
  const connections = (await Promise.all(sockets)).map(socket => new RespConnection(socket));
  return onDisk('redis-streams-disk', new RedisStreams(server, connections));
};

class RedisStreams implements PeerLog {
  readonly lanes = STREAMS;
  readonly batchSizes = [100, 1_000, 10_000];
  private readonly server: Server;
  private readonly connections: readonly RespConnection[];
  private readonly commands: readonly BatchBytes[];

  constructor(server: Server, connections: readonly RespConnection[]) {
    this.server = server;
    this.connections = connections;
    this.commands = connections.map((_, lane) => {
      const head = ['XADD', nameOf(lane), '*', 'v'].map(part => `$${part.length}\r\n${part}\r\n`);
      return new BatchBytes(`*5\r\n${head.join('')}$${VALUE_BYTES}\r\n`, '\r\n');
    });
  }

  async append(lane: number, batch: Batch): Promise<void> {
    await this.connections[lane].send(this.commands[lane].of(batch), batch.count);
  }

  async readBack(see: (value: Uint8Array) => void): Promise<void> {
    for (const [lane, connection] of this.connections.entries()) {
      let from = '-';
      for (;;) {
        const range = ['XRANGE', nameOf(lane), from, '+', 'COUNT', String(READ_ENTRIES)];
        const entries = (await connection.call(...range)) as [id: Buffer, fields: Reply[]][];
        for (const [id, fields] of entries) {
          see(fields[1] as Buffer);
          from = `(${id.toString()}`;
        }
        if (entries.length < READ_ENTRIES) break;
      }
    }
  }

  async clear(): Promise<void> {
    await this.connections[0].call('FLUSHALL');
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.close();
    await this.server.stop();
  }
}

function nameOf(lane: number): string {
  return `records-${lane}`;
}
