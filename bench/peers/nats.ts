import type { Socket } from 'node:net';

const NEWLINE_BYTES = 2;

type Listener = (payload: Buffer) => void;

/** A connection that speaks the protocol of NATS: as much of it as JetStream's interface takes. */
export class NatsConnection {
  private readonly socket: Socket;
  private readonly listeners = new Map<string, Listener>();
  private received: Buffer = Buffer.alloc(0);
  private sent = 0;
  private fail: (error: Error) => void = () => {};
  /** Rejects when the connection fails, as whoever waits on it should. */
  readonly failed: Promise<never>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.failed = new Promise((_, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => {});
    socket.on('data', piece => this.receive(piece));
    socket.on('error', error => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server has closed the connection')));
    socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":false}\r\n');
  }

  subscribe(subject: string, listener: Listener): void {
    const id = String(this.listeners.size + 1);
    this.listeners.set(id, listener);
    this.socket.write(`SUB ${subject} ${id}\r\n`);
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Asks JetStream's interface. Throws what it refuses. */
  async ask(subject: string, body: object): Promise<Record<string, unknown>> {
    const inbox = `inbox.${process.pid}.${this.sent++}`;
    const answer = new Promise<Buffer>(resolve => this.subscribe(inbox, resolve));
    const text = JSON.stringify(body);
    this.write(`PUB $JS.API.${subject} ${inbox} ${Buffer.byteLength(text)}\r\n${text}\r\n`);
    return parsed(await Promise.race([answer, this.failed]));
  }

  close(): void {
    this.socket.removeAllListeners('close').destroy();
  }

  private receive(piece: Buffer): void {
    this.received = this.received.length === 0 ? piece : Buffer.concat([this.received, piece]);
    let at = 0;
    for (;;) {
      const end = this.received.indexOf('\r\n', at);
      if (end < 0) break;
      const [verb, ...words] = this.received.toString('latin1', at, end).split(' ');
      let next = end + NEWLINE_BYTES;
      if (verb === 'MSG') {
        const start = next;
        const length = Number(words[words.length - 1]);
        next += length + NEWLINE_BYTES;
        if (next > this.received.length) break;
        this.listeners.get(words[1])?.(this.received.subarray(start, start + length));
      } else if (verb === 'PING') {
        this.write('PONG\r\n');
      } else if (verb === '-ERR') {
        this.fail(new Error(words.join(' ')));
      }
      at = next;
    }
    this.received = this.received.subarray(at);
  }
}

/** An answer of JetStream. Throws what it refuses. */
export function parsed(payload: Buffer): Record<string, unknown> {
  const answer = JSON.parse(payload.toString()) as Record<string, unknown>;
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
  return answer;
}
