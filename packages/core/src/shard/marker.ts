import { type Scratch, scratch } from '../memory/scratch.ts';
import { RecordWriter } from '../record/writer.ts';

/** Control records carry a timestamp and nothing else: one empty record. */
const MARKER_BYTES = 64;

let writer: RecordWriter | undefined;
let address = 0;

/** An encoded control record in this thread's scratch memory, valid until the next one. */
export interface Marker {
  readonly at: number;
  readonly bytes: number;
}

/** Encodes the body of a control record that carries `timestampMs`. */
export function encodeMarker(timestampMs: number): Marker {
  const memory: Scratch = scratch();
  if (writer === undefined) {
    writer = new RecordWriter({ maxRecordBytes: MARKER_BYTES });
    address = memory.alloc(MARKER_BYTES);
  }
  const bytes = writer.write(memory, address, MARKER_BYTES, null, null, timestampMs, null);
  return { at: address, bytes };
}
