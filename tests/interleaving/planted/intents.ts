import { inKernel, type PlantedBug } from './bug.ts';

const CLEAR_INTENT =
  '(i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (i64.const -1))';
const STORE_INTENT =
  '(i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (local.get $tail))';
const FIRST_STAMP =
  '(i32.atomic.store $shard (call $slotOf (local.get $sequence)) ;;@ publishes the slots and the data';
const AFTER_CLAIM = '(if (global.get $fenceClaims) (then (atomic.fence)))';

export const intents: readonly PlantedBug[] = [
  {
    rule: 'the intent is cleared before waiting for room',
    edits: [
      inKernel(
        `${CLEAR_INTENT}\n              (return (i32.const %FULL%))`,
        '(return (i32.const %FULL%))',
      ),
    ],
    found: 'a producer dies while another waits for room',
  },
  {
    rule: 'the intent is stored before the claim',
    edits: [inKernel(STORE_INTENT, ''), inKernel(AFTER_CLAIM, `${AFTER_CLAIM}\n${STORE_INTENT}`)],
    found: 'a producer dies at any step, whole rounds of the owner',
  },
  {
    rule: 'the intent is not cleared before the stamp',
    edits: [inKernel(FIRST_STAMP, `${CLEAR_INTENT}\n${FIRST_STAMP}`)],
    found: 'a producer dies at any step, whole rounds of the owner',
  },
];
