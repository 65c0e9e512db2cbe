import { murmur2Range } from '../record/hash.ts';

/**
 * How the key picks the shard. Records without a key go round robin with each of
 * them: one by one when they are appended singly, batch by batch from a batched producer.
 *
 * - `fnv1a`: 32-bit FNV-1a of the key's UTF-8 bytes, modulo the shards (litestreams).
 * - `murmur2`: Kafka's default: `(murmur2(key) & 0x7fffffff) % shards`.
 * - `roundrobin`: the key does not matter.
 */
export type Partitioner = 'fnv1a' | 'murmur2' | 'roundrobin';

/** What of an encoded record a partitioner looks at. */
export interface RoutedRecord {
  readonly hasKey: boolean;
  /** FNV-1a of the key, as a signed 32-bit number. */
  readonly keyHashBits: number;
  readonly keyStart: number;
  readonly keyLength: number;
}

/** Picks shards for one producer; the round-robin position is its own. */
export class Router {
  private readonly partitioner: Partitioner;
  private readonly shards: number;
  private readonly fnv: boolean;
  /** shards − 1 where that is a mask, else −1: a remainder of an unsigned number is slow. */
  private readonly mask: number;
  private turn = 0;

  constructor(partitioner: Partitioner, shards: number) {
    this.partitioner = partitioner;
    this.shards = shards;
    this.fnv = partitioner === 'fnv1a';
    this.mask = (shards & (shards - 1)) === 0 ? shards - 1 : -1;
  }

  /** The shard of a record whose key, if any, stands in `bytes`. */
  route(record: RoutedRecord, bytes: Uint8Array): number {
    if (!record.hasKey || this.partitioner === 'roundrobin') return this.nextTurn();
    if (this.fnv) {
      const hash = record.keyHashBits;
      return this.mask >= 0 ? hash & this.mask : (hash >>> 0) % (this.shards >>> 0);
    }
    const hash = murmur2Range(bytes, record.keyStart, record.keyStart + record.keyLength);
    return (hash & 0x7fff_ffff) % this.shards;
  }

  private nextTurn(): number {
    const shard = this.turn;
    this.turn = shard + 1 === this.shards ? 0 : shard + 1;
    return shard;
  }
}
