import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { pipeline, text } from '@lite-streams/core';

const log = (line: string) => appendFileSync(process.env.OUTSIDE as string, `${line}\n`);

/** Every value to a file, as long as there is none of its name and `.down`; behind `.slow` it takes long. */
const outside = pipeline('outside', { checkpoint: { every: '20ms' } });
outside.from('in', text()).deliver<number>(
  'file',
  {
    open: async ({ task }) => {
      log(`open ${task}`);
      return task;
    },
    async write(results, { signal }) {
      if (existsSync(`${process.env.OUTSIDE}.down`)) throw new Error('down\nfor a while');
      if (existsSync(`${process.env.OUTSIDE}.slow`)) await wait(60_000, undefined, { signal });
      for (const { value } of results) log(value);
    },
    close: async task => {
      await wait(5);
      log(`close ${task}`);
    },
  },
  { backoff: 5, maxBackoff: 50 },
);
export default outside;

/** The same, but three failures are too many. */
export const impatient = pipeline('impatient', { checkpoint: { every: '20ms' } })
  .from('in', text())
  .deliver(
    'file',
    {
      write() {
        throw new RangeError('never');
      },
    },
    { backoff: 1, retries: 2 },
  );
