import { inKernel, type PlantedBug } from './bug.ts';

const FIRST_STAMP =
  '(i32.atomic.store $shard (call $slotOf (local.get $sequence)) ;;@ publishes the slots and the data';

export const publishing: readonly PlantedBug[] = [
  {
    rule: 'continuations are stamped before the first slot is',
    edits: [
      inKernel(
        `(i32.store $shard (local.get $slot)
            (call $stampOf (local.get $sequence) (i32.const %CONTINUATION%)))`,
        '',
      ),
      inKernel(
        `${FIRST_STAMP}\n      (call $stampOf (local.get $sequence) (i32.const %FIRST%)))`,
        `${FIRST_STAMP}\n      (call $stampOf (local.get $sequence) (i32.const %FIRST%)))
        (if (i32.gt_u (local.get $count) (i32.const 1))
          (then
            (i32.atomic.store $shard (call $slotOf (i32.add (local.get $sequence) (i32.const 1)))
              (call $stampOf (i32.add (local.get $sequence) (i32.const 1)) (i32.const %CONTINUATION%)))))`,
      ),
    ],
    found: 'a batch over slots that were aborted a lap ago',
  },
  {
    rule: 'continuations carry a stamp of this lap',
    edits: [
      inKernel(
        `(i32.store $shard (local.get $slot)
            (call $stampOf (local.get $sequence) (i32.const %CONTINUATION%)))`,
        '',
      ),
    ],
    found: 'a batch over slots that were aborted a lap ago',
  },
  {
    rule: 'a helper advances by the whole span',
    edits: [
      inKernel(
        '(i32.add (local.get $published) (local.get $span))))\n          (if',
        '(i32.add (local.get $published) (i32.const 1))))\n          (if',
      ),
    ],
    found: 'batches of 1 and 2, 4 slots',
  },
  {
    rule: 'a stamp is an atomic store: all that it publishes is visible before it',
    edits: [inKernel(FIRST_STAMP, FIRST_STAMP.replace('atomic.', ''))],
    found: 'late stores: two producers and a worker, 2 slots',
  },
  {
    rule: 'a stamp names its lap',
    edits: [
      inKernel(
        '(i32.or (i32.shl (i32.shr_u (local.get $sequence) (global.get $lapShift)) (i32.const 3))',
        '(i32.or (i32.const 0)',
      ),
    ],
    found: 'two producers, one worker, 2 slots',
  },
  {
    rule: 'sequences wrap at many laps: published never meets its old value',
    edits: [
      inKernel(
        '(i32.atomic.rmw.cmpxchg $shard (i32.const %PUBLISHED%) (local.get $published) ;;@ publishes the batch',
        '(call $wrapsAtTwoLaps (local.get $published)',
      ),
      inKernel(
        '(func $help (export "help") (result i32)',
        `(func $wrapsAtTwoLaps (param $expected i32) (param $next i32) (result i32)
          (local $now i32)
          (local.set $now (i32.atomic.load $shard (i32.const %PUBLISHED%)))
          (if (result i32)
            (i32.and (i32.xor (local.get $now) (local.get $expected))
              (i32.or (i32.const 1) (i32.shl (global.get $slotMask) (i32.const 1))))
            (then (local.get $now))
            (else
              (drop (i32.atomic.rmw.cmpxchg $shard (i32.const %PUBLISHED%) (local.get $now) (local.get $next)))
              (local.get $expected))))
        (func $help (export "help") (result i32)`,
      ),
    ],
    found: 'a helper sleeps for two laps',
  },
];
