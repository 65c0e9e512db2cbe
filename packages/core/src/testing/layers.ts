import { isDeepStrictEqual } from 'node:util';
import { ValueWriter } from '../codec/value-writer.ts';
import type { Incremental } from '../operator/operator.ts';
import { MemorySnapshot } from '../state/memory-snapshot.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';

/** What can be restored, and says whole what it has. */
interface Restorable {
  snapshot(writer: SnapshotWriter): void;
  restore(reader: SnapshotReader): void;
}

/** After so many snapshots the operator that was restored from them goes on in its stead. */
const LONGEST = 5;

/**
 * The snapshots of what has changed that it takes to restore an operator. Parts of the rest are as small
 * as can be, so that there are many.
 */
export class Layers {
  private layers: MemorySnapshot[] = [];
  private taken = 0;

  /**
   * Takes the next snapshot, and restores operators from all that it takes and from a whole one, which
   * have to be the same. Returns the one that goes on.
   */
  restore<O extends Restorable>(operator: O & Incremental, build: () => O): O {
    const snapshot = new MemorySnapshot();
    const layers = operator.snapshotChanges(snapshot, 1);
    this.layers = [...this.layers, snapshot].slice(-layers);
    const restored = build();
    restored.restore(MemorySnapshot.layered(this.layers));
    const whole = new MemorySnapshot();
    operator.snapshot(whole);
    const other = build();
    other.restore(whole.reader());
    const [found, expected] = [entriesOf(restored), entriesOf(other)];
    if (!isDeepStrictEqual(found, expected)) {
      throw new Error(
        `Of ${layers} snapshots of what has changed comes ${JSON.stringify(found)}, and of a whole one ` +
          `${JSON.stringify(expected)}.`,
      );
    }
    if (++this.taken % LONGEST !== 0) return operator;
    this.layers = [];
    return restored;
  }
}

/** All that an operator would write, in order. */
function entriesOf(operator: Restorable): string[] {
  const entries: string[] = [];
  const writer = new ValueWriter();
  let at = 0;
  operator.snapshot({
    group(group) {
      at = group;
    },
    put(value) {
      writer.write(value);
      entries.push(`${at} ${Buffer.from(writer.take()).toString('latin1')}`);
    },
  });
  return entries.sort();
}
