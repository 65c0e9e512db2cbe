import { measurable } from '../operations/operation.ts';
import { expectEqual } from '../runner/measurable.ts';
import { DISTINCT, KEYS } from '../workload.ts';

const MOST_COPIED = 64;

/**
 * Nothing of ours: characters, an integer hash, an atomic store, a copy. It says how fast the machine
 * is at the moment, so that reports of different days or machines can be compared.
 */
export default () => {
  const words = new Int32Array(new SharedArrayBuffer(4096));
  const bytes = new Uint8Array(64 * DISTINCT);
  const expected = KEYS.reduce((sum, key) => sum + (hash(key) >>> 8), 0);
  return measurable({
    name: 'calibration',
    operations: DISTINCT,
    turn() {
      let sum = 0;
      for (let i = 0; i < DISTINCT; i++) {
        const code = hash(KEYS[i]);
        Atomics.store(words, code & 1023, code);
        bytes.copyWithin(i * MOST_COPIED, (i ^ 1) * MOST_COPIED, (i ^ 1) * MOST_COPIED + 48);
        sum += code >>> 8;
      }
      return sum;
    },
    verify(turns, checksum) {
      expectEqual('sum of the hashes', checksum, turns * expected);
    },
  });
};

function hash(text: string): number {
  let code = 0;
  for (let i = 0; i < text.length; i++) code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  return code;
}
