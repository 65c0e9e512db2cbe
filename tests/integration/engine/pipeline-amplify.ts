import { json, pipeline } from '@lite-streams/core';

export const COPIES = 1_000;
export const BOUND = 512 * 1024;

/** Of each number a thousand, each given exactly once; no epoch comes by itself. */
const amplify = pipeline('amplify', {
  checkpoint: { every: '1h', mode: 'exactly-once', maxOutputBytes: BOUND },
});
amplify
  .from('in', json<number>())
  .flatMap(i => Array.from({ length: COPIES }, (_, n) => i * COPIES + n))
  .keyBy(i => i % 16)
  .to('out', json());
export default amplify;
