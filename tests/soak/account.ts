/** How far a producer may be ahead of what has come out. */
const AHEAD = 60_000;
const MOST_FAULTS = 20;

/** Numbers from 0 on, each at least once, in about their order; in memory that does not grow. */
class Numbers {
  /** All below have been seen. */
  upTo = 0;
  repeated = 0;
  private readonly ahead = new Set<number>();

  see(number: number): void {
    if (number < this.upTo || this.ahead.has(number)) {
      this.repeated++;
      return;
    }
    if (number !== this.upTo) {
      this.ahead.add(number);
      return;
    }
    this.upTo++;
    while (this.ahead.delete(this.upTo)) this.upTo++;
  }

  get end(): number {
    return Math.max(this.upTo, ...[...this.ahead].map(number => number + 1));
  }

  get missing(): number {
    return this.end - this.upTo - this.ahead.size;
  }
}

/** One producer: what stands in the input, shard by shard, and what has come out. */
interface Line {
  readonly next: number[];
  readonly out: Numbers;
}

/** Keeps account of the records `producer:number:…` of one pair of topics. */
export class Account {
  readonly faults: string[] = [];
  /** Records in the input, and in the output. */
  read = 0;
  given = 0;
  private readonly name: string;
  private readonly shards: number;
  private readonly exactlyOnce: boolean;
  private readonly lines = new Map<number, Line>();

  constructor(name: string, shards: number, exactlyOnce: boolean) {
    this.name = name;
    this.shards = shards;
    this.exactlyOnce = exactlyOnce;
  }

  input(text: string, shard: number): void {
    const [producer, number] = parsed(text);
    const { next } = this.line(producer);
    if (next[shard] !== number) {
      this.fault(
        `producer ${producer}, shard ${shard}: ${number} stands where ${next[shard]} must`,
      );
    }
    next[shard] = number + this.shards;
    this.read++;
  }

  output(text: string): void {
    const [producer, number] = parsed(text);
    this.line(producer).out.see(number);
    this.given++;
  }

  /** How many records a producer may send. */
  allowance(producer: number): number {
    return this.line(producer).out.upTo + AHEAD;
  }

  get repeated(): number {
    let repeated = 0;
    for (const { out } of this.lines.values()) repeated += out.repeated;
    return repeated;
  }

  /** At rest: what a producer knew to be acknowledged stands in the input. */
  acknowledged(producer: number, count: number): void {
    for (const [shard, next] of this.line(producer).next.entries()) {
      const last = count - 1 - ((count - 1 - shard + this.shards) % this.shards);
      if (last >= next) this.fault(`producer ${producer} knew of ${last}, shard ${shard} has none`);
    }
  }

  /** At rest: what stands in the input has come out, and nothing else. */
  compare(): void {
    for (const [producer, { next, out }] of this.lines) {
      let count = 0;
      for (const [shard, end] of next.entries()) count += (end - shard) / this.shards;
      const seen = out.end - out.missing;
      if (seen !== count) this.fault(`producer ${producer}: ${count} went in, ${seen} came out`);
    }
    if (this.exactlyOnce && this.repeated > 0) this.fault(`${this.repeated} came out twice`);
  }

  fault(what: string): void {
    if (this.faults.length < MOST_FAULTS) this.faults.push(`${this.name}: ${what}`);
  }

  private line(producer: number): Line {
    let line = this.lines.get(producer);
    if (line === undefined) {
      line = { next: Array.from({ length: this.shards }, (_, i) => i), out: new Numbers() };
      this.lines.set(producer, line);
    }
    return line;
  }
}

function parsed(text: string): [producer: number, number: number] {
  const first = text.indexOf(':');
  return [
    Number(text.slice(0, first)),
    Number(text.slice(first + 1, text.indexOf(':', first + 1))),
  ];
}
