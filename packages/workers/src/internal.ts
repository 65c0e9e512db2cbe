// What the command line, tests, proofs and benches need beyond the public face.

export { Board, createBoard } from './job/board.ts';
export { killThread } from './kill.ts';
export { loadPipeline } from './processor/module.ts';
export type { LogInspection } from './storage/inspect.ts';
export type { RepairReport } from './storage/repair.ts';
export type { Damage } from './storage/survey.ts';
export { inspectDirectory, repairDirectory } from './storage/upkeep.ts';
