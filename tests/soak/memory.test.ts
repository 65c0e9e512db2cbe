import { describe, expect, it } from 'vitest';
import { describeMemory, mallocOf } from './memory.ts';

const MIB = 1024 * 1024;

describe('the allocator of the soak', () => {
  it('gives back what is freed, unless it is to be as it is', () => {
    expect(mallocOf(['--minutes', '10'])).toEqual({ MALLOC_MMAP_THRESHOLD_: '131072' });
    expect(mallocOf(['--minutes', '10', '--malloc', 'default'])).toEqual({});
    expect(mallocOf(['--malloc=default', '--kills', '0'])).toEqual({});
  });
});

describe('what is said of memory', () => {
  const memory = { mean: 300 * MIB, perSecond: MIB / 60, error: MIB / 120, seconds: 480 };

  it('is growth per minute and per kill', () => {
    expect(describeMemory(memory, 0.5)).toBe(
      'memory 300 MiB, slope 1.00 ± 0.50 MiB per minute over the last 480 s, 34 KiB per kill',
    );
  });

  it('is growth per minute alone where nobody is killed', () => {
    expect(describeMemory(memory, 0)).toMatch(/480 s$/);
  });
});
