/**
 * Keeps account of the records `producer:number` of the kill proof, which went to the shards in turn:
 * in the input, where each must stand once and without a gap, and in the output, where each of the
 * input must stand at least once.
 */
export class KillLedger {
  readonly faults: string[] = [];
  read = 0;
  repeated = 0;
  private readonly shards: number;
  /** The number that must come next, by producer and shard. */
  private readonly next = new Map<number, number[]>();
  /** How often each number was seen in the output, by producer. */
  private readonly seen = new Map<number, Uint8Array>();

  constructor(shards: number) {
    this.shards = shards;
  }

  input(value: string, shard: number): void {
    const [producer, number] = parsed(value);
    const next = this.next.get(producer) ?? Array.from({ length: this.shards }, (_, i) => i);
    this.next.set(producer, next);
    if (next[shard] !== number) {
      this.fault(`input: producer ${producer}, shard ${shard}: ${number} after ${next[shard]}`);
    }
    next[shard] = number + this.shards;
    this.read++;
  }

  output(value: string): void {
    const [producer, number] = parsed(value);
    let seen = this.seen.get(producer) ?? new Uint8Array(1024);
    if (number >= seen.length) {
      const longer = new Uint8Array(Math.max(number + 1, seen.length * 2));
      longer.set(seen);
      seen = longer;
    }
    this.seen.set(producer, seen);
    if (seen[number] > 0) this.repeated++;
    if (seen[number] < 255) seen[number]++;
  }

  /** At rest: what a producer knew to be in the log is there. */
  acknowledged(producer: number, count: number): void {
    const next = this.next.get(producer) ?? [];
    for (let shard = 0; shard < this.shards; shard++) {
      const has = next[shard] ?? shard;
      const expected = count - ((count - shard + this.shards - 1) % this.shards) - 1 + this.shards;
      if (count > shard && has < expected) {
        this.fault(`producer ${producer} knew of ${count}, shard ${shard} ends before ${has}`);
      }
    }
  }

  /** At rest: nothing of the input is missing in the output, nor is there anything else in it. */
  compare(): void {
    for (const [producer, next] of this.next) {
      const seen = this.seen.get(producer) ?? new Uint8Array();
      let inInput = 0;
      for (const [shard, end] of next.entries()) {
        for (let number = shard; number < end; number += this.shards) {
          inInput++;
          if (!seen[number]) this.fault(`output: ${producer}:${number} is missing`);
        }
      }
      const inOutput = seen.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
      if (inOutput > inInput)
        this.fault(`output: producer ${producer} has ${inOutput - inInput} more`);
    }
  }

  private fault(what: string): void {
    // The first ones tell what happened.
    if (this.faults.length < 20) this.faults.push(what);
  }
}

function parsed(value: string): [producer: number, number: number] {
  const colon = value.indexOf(':');
  return [Number(value.slice(0, colon)), Number(value.slice(colon + 1))];
}
