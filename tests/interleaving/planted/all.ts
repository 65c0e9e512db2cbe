import type { PlantedBug } from './bug.ts';
import { claiming } from './claiming.ts';
import { intents } from './intents.ts';
import { leases } from './leases.ts';
import { overwriting } from './overwriting.ts';
import { publishing } from './publishing.ts';
import { repairing } from './repairing.ts';
import { waking } from './waking.ts';

export const plantedBugs: readonly PlantedBug[] = [
  ...claiming,
  ...publishing,
  ...intents,
  ...repairing,
  ...leases,
  ...waking,
  ...overwriting,
];
