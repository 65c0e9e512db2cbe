// Every schedule of every case, over the code as it ships; then the same code with bugs planted in it,
// each of which must be found.
//
//   node tests/interleaving/main.ts [--full] [--only WORDS]

import { parseArgs } from 'node:util';
import { cases } from './cases/all.ts';
import { loadCode } from './code.ts';
import { explore, type Outcome } from './explorer.ts';
import { plantedBugs } from './planted/all.ts';
import type { PlantedBug } from './planted/bug.ts';
import { type Scenario, stage } from './scenario.ts';

const MOST_STATES = 50_000_000;

const { values } = parseArgs({
  options: { full: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});

/** Explores the cases of this size; returns how many do not hold. */
async function exploreCases(): Promise<number> {
  const code = await loadCode();
  let failed = 0;
  for (const scenario of cases) {
    if (!scenario.name.includes(values.only)) continue;
    if (scenario.size === 'large' && !values.full) continue;
    const started = performance.now();
    const outcome = explore(words => stage(scenario, code, words), { maxStates: MOST_STATES });
    const holds = outcome.finding === undefined && !outcome.cutShort;
    console.log(`${holds ? 'holds ' : 'FAILS '} ${scenario.name}: ${counts(outcome, started)}`);
    if (holds) continue;
    failed += 1;
    for (const line of outcome.finding?.trace.slice(-80) ?? ['too many states']) {
      console.log(`        ${line}`);
    }
  }
  return failed;
}

/** Plants each bug and looks for it; returns how many were not found. */
async function explorePlanted(): Promise<number> {
  let failed = 0;
  for (const bug of plantedBugs) {
    if (!bug.rule.includes(values.only)) continue;
    const started = performance.now();
    const allowed = bug.allowed === undefined || (await holds(bug));
    const outcome = await explorePlantedBug(bug);
    const found = outcome.finding !== undefined && allowed;
    console.log(`${found ? 'found ' : 'MISSED'} ${bug.rule}: ${counts(outcome, started)}`);
    if (outcome.finding) console.log(`       ${outcome.finding.message.split('\n')[0]}`);
    if (!found) failed += 1;
  }
  return failed;
}

async function explorePlantedBug({ found, edits, allowed = [] }: PlantedBug): Promise<Outcome> {
  const code = await loadCode([...allowed, ...edits]);
  return explore(words => stage(caseNamed(found), code, words), { maxStates: MOST_STATES });
}

/** Whether nothing is wrong with what is allowed. */
async function holds({ found, allowed }: PlantedBug): Promise<boolean> {
  const code = await loadCode(allowed);
  const outcome = explore(words => stage(caseNamed(found), code, words), {
    maxStates: MOST_STATES,
  });
  return outcome.finding === undefined && !outcome.cutShort;
}

function caseNamed(name: string): Scenario {
  const found = cases.find(scenario => scenario.name === name);
  if (found === undefined) throw new Error(`no case is called "${name}"`);
  return found;
}

function counts({ states, steps, schedules, ends }: Outcome, started: number): string {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (states === 0) return `in random schedule ${schedules} (${seconds} s)`;
  const stood = schedules === 0 ? '' : `, ${schedules.toExponential(1)} schedules`;
  return `${states} states, ${steps} steps${stood}, ${ends} ends (${seconds} s)`;
}

const failed = (await exploreCases()) + (await explorePlanted());
process.exitCode = failed === 0 ? 0 : 1;
