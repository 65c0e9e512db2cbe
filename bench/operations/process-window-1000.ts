import { Processor } from '@lite-streams/core';
import { expectEqual } from '../runner/measurable.ts';
import { VALUES } from '../workload.ts';
import { measurable } from './operation.ts';

const WINDOW = 1000;

/**
 * `Processor.processWindow` with a lower-case transform on 1,000 distinct records, and its result
 * written out as the reference does: the count and all payloads in one text.
 */
export default () => {
  const processor = new Processor({ transform: text => text.toLowerCase() });
  const records = VALUES.slice(0, WINDOW).map(value => ({ value: value.toUpperCase() }));
  const write = () => {
    const { count, payloads } = processor.processWindow(records);
    return `Count: ${count}, Payloads: ${payloads.join(';')};`;
  };
  const expected = `Count: ${WINDOW}, Payloads: ${VALUES.slice(0, WINDOW).join(';')};`;
  expectEqual('text', write(), expected);
  return measurable({
    name: 'process-window-1000',
    operations: 1,
    turn() {
      const text = write();
      // A look at a character makes the engine put the pieces of the text together.
      return text.length + text.charCodeAt(text.length >> 1);
    },
    verify(turns, checksum) {
      const each = expected.length + expected.charCodeAt(expected.length >> 1);
      expectEqual('lengths and characters', checksum, turns * each);
    },
  });
};
