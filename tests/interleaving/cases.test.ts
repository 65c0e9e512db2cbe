import { describe, expect, test } from 'vitest';
import { cases } from './cases/all.ts';
import { loadCode } from './code.ts';
import { explore } from './explorer.ts';
import { stage } from './scenario.ts';

const MOST_STATES = 1_000_000;

// The medium and large cases run in `pnpm proof`.
describe('every schedule', async () => {
  const code = await loadCode();
  for (const scenario of cases.filter(({ size }) => size === undefined)) {
    test(scenario.name, () => {
      const outcome = explore(words => stage(scenario, code, words), { maxStates: MOST_STATES });
      expect(outcome.finding?.trace.join('\n')).toBeUndefined();
      expect(outcome.cutShort).toBe(false);
    });
  }
});
