import { pipeline, text } from 'lite-streams';

const nothing = new Int32Array(new SharedArrayBuffer(4));

/** A value keeps its thread for so many milliseconds. */
export default pipeline('blocking')
  .from('in', text())
  .map(
    value => {
      Atomics.wait(nothing, 0, 0, Number(value));
      return value;
    },
    { name: 'work' },
  )
  .to('out', text());
