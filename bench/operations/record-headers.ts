import { RecordView, RecordWriter, scratch } from '@lite-streams/core/internal';
import { expectEqual } from '../runner/measurable.ts';
import { DISTINCT, FIRST_TIMESTAMP, KEYS, ROTATE, VALUES } from '../workload.ts';
import { measurable } from './operation.ts';

const ROOM = 1024;

/** Encodes a record with a header, then reads the header of the encoded record back as text. */
export default () => {
  const memory = scratch();
  const at = memory.alloc(ROOM);
  const writer = new RecordWriter({ maxRecordBytes: ROOM });
  const view = new RecordView();
  const headers = VALUES.map(value => ({ foo: value }));
  return measurable({
    name: 'record-headers',
    operations: DISTINCT,
    turn() {
      let sum = 0;
      for (let i = 0; i < DISTINCT; i++) {
        const record = i & ROTATE;
        const { [record]: key } = KEYS;
        writer.write(memory, at, ROOM, key, VALUES[record], FIRST_TIMESTAMP, headers[record]);
        const header = view.wrap(memory, at, 0, 0).header('foo') as string;
        sum += header.charCodeAt(header.length - 1);
      }
      return sum;
    },
    verify(turns, checksum) {
      const each = VALUES.reduce((sum, value) => sum + value.charCodeAt(value.length - 1), 0);
      expectEqual('last characters of the headers', checksum, turns * each);
    },
    close: () => memory.free(at, ROOM),
  });
};
