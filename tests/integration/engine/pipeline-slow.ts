import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { pipeline, text } from '@lite-streams/core';
import { blockFor, blockUntilOpen } from './gate.ts';

/** A value `map NAME` keeps the thread of its record's task until NAME is open; `ms N` for so long. */
export default pipeline('slow')
  .from('in', text())
  .map(
    value => {
      const [what, of] = value.split(' ');
      if (what === 'map') blockUntilOpen(of);
      else if (what === 'ms') blockFor(Number(of));
      return value;
    },
    { name: 'work' },
  )
  .to('out', text());

/** The same behind an exchange. */
export const keyed = pipeline('slow-keyed')
  .from('in', text())
  .keyBy(value => value)
  .map(
    value => {
      if (value.startsWith('map ')) blockUntilOpen(value.slice(4));
      return value;
    },
    { name: 'work' },
  )
  .to('out', text());

/** Calls that end when NAME is open, and do not keep their thread. */
export const asynchronous = pipeline('slow-async')
  .from('in', text())
  .mapAsync(
    async (value, { signal }) => {
      const [what, of] = value.split(' ');
      while (what === 'map' && !existsSync(`${process.env.GATES}/${of}`)) {
        await wait(5, undefined, { signal });
      }
      return value;
    },
    { name: 'ask' },
  )
  .to('out', text());
