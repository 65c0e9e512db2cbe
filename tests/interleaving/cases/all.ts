import type { Scenario } from '../scenario.ts';
import { groups } from './groups.ts';
import { late } from './late.ts';
import { lossless } from './lossless.ts';
import { lossy } from './lossy.ts';
import { repair } from './repair.ts';
import { turns } from './turns.ts';
import { waiting } from './waiting.ts';

export const cases: readonly Scenario[] = [
  ...lossless,
  ...repair,
  ...groups,
  ...turns,
  ...waiting,
  ...lossy,
  ...late,
];
