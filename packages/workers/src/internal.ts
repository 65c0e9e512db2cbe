// What the command line, tests, proofs and benches need beyond the public face.

export { Board, createBoard } from './job/board.ts';
export { killThread } from './kill.ts';
export { loadPipeline } from './processor/module.ts';
