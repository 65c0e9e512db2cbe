import { describe, expect, test } from 'vitest';
import { cases } from './cases/all.ts';
import { loadCode } from './code.ts';
import { explore } from './explorer.ts';
import { plantedBugs } from './planted/all.ts';
import { stage } from './scenario.ts';

const MOST_STATES = 1_000_000;

// Those that take long to find are looked for in `pnpm proof`; here they only have to fit the code.
describe('a bug is found where', () => {
  for (const bug of plantedBugs) {
    const scenario = cases.find(({ name }) => name === bug.found);
    if (scenario?.size !== undefined) {
      test(`(in a proof) it breaks the rule: ${bug.rule}`, async () => {
        await loadCode([...(bug.allowed ?? []), ...bug.edits]);
      });
      continue;
    }
    test(`it breaks the rule: ${bug.rule}`, async () => {
      if (scenario === undefined) throw new Error(`no case is called "${bug.found}"`);
      const code = await loadCode([...(bug.allowed ?? []), ...bug.edits]);
      const outcome = explore(words => stage(scenario, code, words), { maxStates: MOST_STATES });
      expect(outcome.finding).toBeDefined();
    });
  }
});
