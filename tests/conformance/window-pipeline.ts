// The pipeline of the case whose number stands in this module's URL: `window-pipeline.ts?case=2`.
import { hopping, json, manual, pipeline, tumbling } from '@lite-streams/core';
import { windowCases } from './window-cases.ts';

const number = Number(new URL(import.meta.url).searchParams.get('case'));
const { window, allowedLateness, panes } = windowCases[number];

export interface Result {
  readonly key: string;
  readonly sum: number;
}

export default pipeline(`windows-${number}`)
  .from('values', json<number>(), { watermark: manual() })
  .map((value, { key }) => ({ key: key as string, value }))
  .keyBy(({ key }) => key)
  .window(window.kind === 'tumbling' ? tumbling(window.size) : hopping(window.size, window.slide), {
    allowedLateness: allowedLateness ?? 0,
    panes: panes ?? 'accumulating',
    lateTo: 'late',
  })
  .aggregate({
    create: () => 0,
    add: (sum, { value }) => sum + value,
    result: (sum, { key }): Result => ({ key, sum }),
  })
  .to('results', json<Result>());
