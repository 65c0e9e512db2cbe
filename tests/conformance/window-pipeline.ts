// The pipeline of the case whose number stands in this module's URL: `window-pipeline.ts?case=2`; with
// `&epochs` it has epochs, when it is asked for them.
import { hopping, json, manual, pipeline, session, tumbling } from '@lite-streams/core';
import { windowCases } from './window-cases.ts';

const { searchParams } = new URL(import.meta.url);
const number = Number(searchParams.get('case'));
const checkpoint = searchParams.has('epochs') ? ({ every: '1d' } as const) : undefined;
const { window, allowedLateness, panes } = windowCases[number];

export interface Result {
  readonly key: string;
  readonly sum: number;
  /** Of the window. */
  readonly start: number;
  readonly end: number;
}

function spec() {
  switch (window.kind) {
    case 'tumbling':
      return tumbling(window.size);
    case 'hopping':
      return hopping(window.size, window.slide);
    default:
      return session(window.gap);
  }
}

export default pipeline(`windows-${number}`, { checkpoint })
  .from('values', json<number>(), { watermark: manual() })
  .map((value, { key }) => ({ key: key as string, value }))
  .keyBy(({ key }) => key)
  .window(spec(), {
    allowedLateness: allowedLateness ?? 0,
    panes: panes ?? 'accumulating',
    lateTo: 'late',
  })
  .aggregate({
    create: () => 0,
    add: (sum, { value }) => sum + value,
    merge: (left, right) => left + right,
    result: (sum, { key, window: { start, end } }): Result => ({ key, sum, start, end }),
  })
  .to('results', json<Result>());
