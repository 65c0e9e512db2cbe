import { Processor } from '@lite-streams/core';
import { expectEqual } from '../runner/measurable.ts';
import { DISTINCT, VALUES } from '../workload.ts';
import { measurable } from './operation.ts';

/** `Processor.process` with an upper-case transform on a text of 7 characters. */
export default () => {
  const processor = new Processor({ transform: text => text.toUpperCase() });
  const sum = (text: string) => text.charCodeAt(0) + text.charCodeAt(text.length - 1);
  const each = VALUES.reduce((total, value) => total + sum(value.toUpperCase()), 0);
  return measurable({
    name: 'process',
    operations: DISTINCT,
    turn() {
      let total = 0;
      for (let i = 0; i < DISTINCT; i++) total += sum(processor.process(VALUES[i]));
      return total;
    },
    verify(turns, checksum) {
      expectEqual('first and last characters', checksum, turns * each);
    },
  });
};
