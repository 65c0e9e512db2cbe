import type { Socket } from 'node:net';

export type Reply = Buffer | string | number | null | Reply[];

const NEWLINE_BYTES = 2;

interface Awaited {
  left: number;
  readonly replies: Reply[];
  resolve(replies: Reply[]): void;
  reject(error: Error): void;
}

/** A connection that speaks Redis's protocol, version 2. Replies come in the order of the commands. */
export class RespConnection {
  private readonly socket: Socket;
  private readonly waiting: Awaited[] = [];
  private received: Buffer = Buffer.alloc(0);
  /** Where the reply begins, or goes on, that is being read. */
  private at = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', piece => this.receive(piece));
    socket.on('error', error => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server has closed the connection')));
  }

  /** Sends the bytes of `count` commands; resolves with their replies. */
  send(bytes: Buffer, count: number): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ left: count, replies: [], resolve, reject });
      this.socket.write(bytes);
    });
  }

  async call(...command: string[]): Promise<Reply> {
    const [reply] = await this.send(Buffer.from(commandText(command)), 1);
    return reply;
  }

  close(): void {
    this.socket.removeAllListeners('close').destroy();
  }

  private receive(piece: Buffer): void {
    this.received = this.received.length === 0 ? piece : Buffer.concat([this.received, piece]);
    let consumed = 0;
    for (let [first] = this.waiting; first !== undefined; [first] = this.waiting) {
      this.at = consumed;
      const reply = this.read();
      if (reply === undefined) break;
      consumed = this.at;
      if (reply instanceof Error) {
        this.fail(reply);
        break;
      }
      first.replies.push(reply);
      if (--first.left > 0) continue;
      this.waiting.shift();
      first.resolve(first.replies);
    }
    this.received = this.received.subarray(consumed);
  }

  /** The reply at `at`, if all of it is there. */
  private read(): Reply | Error | undefined {
    const { received, at } = this;
    const end = received.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const line = received.toString('latin1', at + 1, end);
    this.at = end + NEWLINE_BYTES;
    switch (String.fromCharCode(received[at])) {
      case '+':
        return line;
      case '-':
        return new Error(line);
      case ':':
        return Number(line);
      case '$':
        return this.readBulk(Number(line));
      case '*':
        return this.readArray(Number(line));
      default:
        return new Error(`no reply of Redis: ${line}`);
    }
  }

  private readBulk(length: number): Buffer | null | undefined {
    if (length < 0) return null;
    const start = this.at;
    if (this.received.length < start + length + NEWLINE_BYTES) return undefined;
    this.at += length + NEWLINE_BYTES;
    return this.received.subarray(start, start + length);
  }

  private readArray(length: number): Reply | Error | undefined {
    const items: Reply[] = [];
    for (let i = 0; i < length; i++) {
      const item = this.read();
      if (item === undefined || item instanceof Error) return item;
      items.push(item);
    }
    return length < 0 ? null : items;
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

/** A command as Redis reads it. */
export function commandText(parts: readonly string[]): string {
  const bulks = parts.map(part => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${bulks.join('')}`;
}
