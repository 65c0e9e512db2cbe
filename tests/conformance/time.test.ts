import { boundedOutOfOrderness } from '@lite-streams/core';
import { SlidingAssigner, WatermarkCombiner } from '@lite-streams/core/internal';
import { describe, expect, test } from 'vitest';
import { cases } from './window-cases.ts';

test.each(cases.assignment)(
  'the windows of $timestamp, size $size, slide $slide, offset $offset',
  ({ size, slide, offset, timestamp, starts }) => {
    const found: number[] = [];
    const count = new SlidingAssigner(size, slide, offset).assign(timestamp, found);
    expect(found.slice(0, count).reverse()).toEqual(starts);
  },
);

test.each(cases.boundedOutOfOrderness)(
  'bounded disorder of $bound after $timestamps',
  ({ bound, timestamps, watermark }) => {
    const generator = boundedOutOfOrderness(bound).create();
    for (const timestamp of timestamps) generator.record(timestamp, undefined);
    expect(generator.record(Number.MIN_SAFE_INTEGER, undefined)).toBe(watermark);
  },
);

describe('idleness', () => {
  test.each(cases.idleness)('$note', ({ inputs, script }) => {
    const combiner = new WatermarkCombiner(inputs);
    let watermark = combiner.watermark;
    let idle = false;
    const outputs: (number | 'idle')[] = [];
    for (const line of script) {
      if (line[0] === 'watermark') combiner.advance(line[1], line[2]);
      else if (line[0] === 'idle') combiner.markIdle(line[1]);
      else if (line[0] === 'active') combiner.markActive(line[1]);
      if (combiner.watermark !== watermark) outputs.push(combiner.watermark);
      if (combiner.idle && !idle) outputs.push('idle');
      ({ watermark, idle } = combiner);
      if (line[0] === 'expect') expect(outputs.splice(0)).toEqual(line[1]);
    }
  });
});
