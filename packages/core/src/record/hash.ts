/** FNV-1a, 32 bits: the state before the first byte, and so the hash of no bytes. */
export const FNV_OFFSET_BASIS = 0x811c9dc5;
export const FNV_PRIME = 0x01000193;

/** 32-bit FNV-1a, unsigned, of `bytes` or of the UTF-8 bytes of a text. */
export function fnv1a(input: string | Uint8Array): number {
  if (typeof input !== 'string') return fnv1aRange(input, 0, input.length);
  let hash = FNV_OFFSET_BASIS;
  for (let i = 0; i < input.length; i++) {
    const code = input.charCodeAt(i);
    if (code > 0x7f) return fnv1a(Buffer.from(input, 'utf8'));
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return hash >>> 0;
}

/** 32-bit FNV-1a, unsigned, of `bytes[start]` to `bytes[end - 1]`. */
export function fnv1aRange(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET_BASIS;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], FNV_PRIME);
  return hash >>> 0;
}

const MURMUR_SEED = 0x9747b28c;
const MURMUR_M = 0x5bd1e995;

/**
 * murmur2 as Apache Kafka's default partitioner computes it: 32 bits, signed. Kafka's shard of a
 * key is `(murmur2(key) & 0x7fffffff) % shards`.
 */
export function murmur2(input: string | Uint8Array): number {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input;
  return murmur2Range(bytes, 0, bytes.length);
}

/** `murmur2` of `bytes[start]` to `bytes[end - 1]`. */
export function murmur2Range(bytes: Uint8Array, start: number, end: number): number {
  let hash = MURMUR_SEED ^ (end - start);
  let i = start;
  for (; i + 4 <= end; i += 4) {
    let word = at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16);
    word = Math.imul(word | (at(bytes, i + 3) << 24), MURMUR_M);
    hash = Math.imul(hash, MURMUR_M) ^ Math.imul(word ^ (word >>> 24), MURMUR_M);
  }
  const left = end - i;
  if (left > 2) hash ^= at(bytes, i + 2) << 16;
  if (left > 1) hash ^= at(bytes, i + 1) << 8;
  if (left > 0) hash = Math.imul(hash ^ at(bytes, i), MURMUR_M);
  hash = Math.imul(hash ^ (hash >>> 13), MURMUR_M);
  return hash ^ (hash >>> 15);
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index];
}
