import { pipeline, text } from '@lite-streams/core';

const p = pipeline('graph');
const { even, odd } = p
  .from('in', text())
  .merge(p.from('more', text()))
  .split({ even: value => Number(value) % 2 === 0, odd: () => true });
const [plain, keyed] = even.fork(2);
plain.to('evens', text());
keyed
  .keyBy(value => value)
  .merge(odd)
  .to('out', text());

export default p;
