import { inKernel, type PlantedBug } from './bug.ts';

export const waking: readonly PlantedBug[] = [
  {
    rule: 'a waiter takes the epoch before it looks',
    edits: [
      {
        file: 'memory/park.ts',
        from: 'bell.waitSync(seen, Math.min(left, LONGEST_WAIT_MS));',
        to: 'bell.waitSync(bell.epoch(), Math.min(left, LONGEST_WAIT_MS));',
      },
    ],
    found: 'a producer and a worker that park',
  },
  {
    rule: 'a waiter is counted before it looks',
    edits: [
      {
        file: 'memory/park.ts',
        from: 'bell.waitSync(seen, Math.min(left, LONGEST_WAIT_MS));',
        to: 'for (const place of places) place.countWaiter(1); bell.waitSync(seen, 1); for (const place of places) place.countWaiter(-1);',
      },
      {
        file: 'memory/park.ts',
        from: 'if (ready()) return true;\n  for (const place of places) place.countWaiter(1);\n  try {',
        to: 'if (ready()) return true;\n  try {',
      },
    ],
    found: 'a producer and a worker that park',
  },
  {
    rule: 'waiters are counted, not flagged',
    edits: [
      {
        file: 'shard/shard.ts',
        from: 'add(this.i32, WAITERS[what] >> 2, delta);',
        to: 'storeRelease(this.i32, WAITERS[what] >> 2, delta === 1 ? 1 : 0);',
      },
    ],
    found: 'two workers of a group park, one producer too',
  },
  {
    rule: 'all who wait are woken, not one',
    edits: [
      {
        file: 'memory/bell.ts',
        from: 'wakeAll(this.words, 0);',
        to: 'Atomics.notify(this.words, 0, 1);',
      },
    ],
    found: 'two producers that park',
  },
  {
    rule: 'publishing wakes who waits for records',
    edits: [
      inKernel(
        '(i32.or\n          (select (i32.const %WAKE_READERS%) (i32.const 0)',
        '(i32.or\n          (select (i32.const 0) (i32.const 0)',
      ),
    ],
    found: 'a producer and a worker that park',
  },
  {
    rule: 'the repair of a dead producer wakes too',
    edits: [
      {
        file: 'shard/owner.ts',
        from: 'while (kernel.repair() !== 0) wake |= KERNEL.WAKE_READERS | KERNEL.WAKE_PRODUCERS;',
        to: 'while (kernel.repair() !== 0);',
      },
    ],
    found: 'a dead producer leaves others parked, whole rounds',
  },
];
