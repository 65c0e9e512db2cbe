import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurable } from '../runner/measurable.ts';
import { NatsConnection, parsed } from './nats.ts';
import { type Batch, BatchBytes, onDisk, type PeerLog, VALUE_BYTES } from './on-disk.ts';
import { Server, serverProgram } from './server.ts';

/** Streams, each with a connection of its own: with 4, as a topic has shards, it was slower. */
const STREAMS = 16;

/**
 * NATS JetStream on files with `sync_interval: always`: batches of messages published without waiting
 * for each other, all of them acknowledged. `NATS_SERVER` names the program, else `PATH` does.
 */
export default async (): Promise<Measurable> => {
  const program = serverProgram('nats-server', 'NATS_SERVER');
  const server = await Server.start(program, (port, directory) => {
    const config = join(directory, 'nats.conf');
    writeFileSync(
      config,
      `listen: "127.0.0.1:${port}"
jetstream { store_dir: ${JSON.stringify(directory)}, sync_interval: always }
`,
    );
    return ['-c', config];
  });
  const sockets = await Promise.all(Array.from({ length: STREAMS }, () => server.connect()));
  return onDisk('nats-jetstream-disk', new JetStreams(server, sockets.map(laneOf)));
};

/** A stream, the connection that publishes to it, and who waits for its acknowledgements. */
interface Lane {
  readonly stream: string;
  readonly connection: NatsConnection;
  readonly messages: BatchBytes;
  left: number;
  done(): void;
  refused(error: unknown): void;
}

function laneOf(socket: ConstructorParameters<typeof NatsConnection>[0], index: number): Lane {
  const stream = `records-${index}`;
  const connection = new NatsConnection(socket);
  const acknowledgements = `acknowledged.${index}`;
  const lane: Lane = {
    stream,
    connection,
    messages: new BatchBytes(`PUB ${stream} ${acknowledgements} ${VALUE_BYTES}\r\n`, '\r\n'),
    left: 0,
    done() {},
    refused() {},
  };
  connection.subscribe(acknowledgements, payload => {
    try {
      parsed(payload);
      if (--lane.left === 0) lane.done();
    } catch (error) {
      lane.refused(error);
    }
  });
  return lane;
}

class JetStreams implements PeerLog {
  readonly lanes = STREAMS;
  readonly batchSizes = [10, 100, 1_000];
  private readonly server: Server;
  private readonly streams: readonly Lane[];
  private readings = 0;

  constructor(server: Server, streams: readonly Lane[]) {
    this.server = server;
    this.streams = streams;
  }

  async append(index: number, batch: Batch): Promise<void> {
    const lane = this.streams[index];
    const acknowledged = new Promise<void>((resolve, reject) => {
      lane.left = batch.count;
      lane.done = resolve;
      lane.refused = reject;
    });
    lane.connection.write(lane.messages.of(batch));
    await Promise.race([acknowledged, lane.connection.failed]);
  }

  async readBack(see: (value: Uint8Array) => void): Promise<void> {
    for (const { stream, connection } of this.streams) {
      const { state } = await connection.ask(`STREAM.INFO.${stream}`, {});
      let left = (state as { messages: number }).messages;
      const subject = `read.${stream}.${this.readings++}`;
      const all = new Promise<void>(resolve => {
        connection.subscribe(subject, value => {
          see(value);
          if (--left === 0) resolve();
        });
      });
      const config = { deliver_subject: subject, deliver_policy: 'all', ack_policy: 'none' };
      await connection.ask(`CONSUMER.CREATE.${stream}`, { stream_name: stream, config });
      await Promise.race([all, connection.failed]);
    }
  }

  async clear(): Promise<void> {
    for (const { stream: name, connection } of this.streams) {
      await connection.ask(`STREAM.DELETE.${name}`, {}).catch(isNotThere);
      const config = { name, subjects: [name], storage: 'file', num_replicas: 1 };
      await connection.ask(`STREAM.CREATE.${name}`, config);
    }
  }

  async close(): Promise<void> {
    for (const { connection } of this.streams) connection.close();
    await this.server.stop();
  }
}

function isNotThere(error: Error): void {
  if (!error.message.includes('stream not found')) throw error;
}
