import { inKernel, type PlantedBug } from './bug.ts';

const CLEAR_INTENT =
  '(i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (i64.const -1))';
const IS_FIRST = '(if (call $isFirst (local.get $published))';
const LOOK_AT_PUBLISHED_AGAIN = `(if (i32.ne (i32.atomic.load $shard (i32.const %PUBLISHED%)) (local.get $published))
      (then (return (i32.const 1))))`;

export const repairing: readonly PlantedBug[] = [
  {
    rule: 'repair loads the stamp after the intents',
    // Otherwise what is asked for last, whether `published` has moved, makes up for the order.
    allowed: [
      inKernel(
        '(local.set $count (call $help))',
        `${CLEAR_INTENT}\n(local.set $count (call $help))`,
      ),
    ],
    edits: [
      inKernel(
        '(local $found i32) (local $granule i32)',
        '(local $found i32) (local $stamped i32) (local $granule i32)',
      ),
      inKernel(
        '(local.set $cell (global.get $producersAt))\n    (block $cellsDone',
        '(local.set $stamped (call $isFirst (local.get $published)))\n(local.set $cell (global.get $producersAt))\n    (block $cellsDone',
      ),
      inKernel(IS_FIRST, '(if (local.get $stamped)'),
    ],
    found: 'a producer dies with a stale intent while another laps the ring',
  },
  {
    rule: 'repair looks at the tail',
    edits: [
      inKernel(
        '(if (i32.eq (i32.wrap_i64 (local.get $tail)) (local.get $published)) (then (return (i32.const 0))))',
        '',
      ),
    ],
    found: 'a producer dies at any step, whole rounds of the owner',
  },
  {
    rule: 'repair looks at published once more',
    edits: [inKernel(LOOK_AT_PUBLISHED_AGAIN, '')],
    found: 'a producer dies with a stale intent while another laps the ring',
  },
  {
    rule: 'repair leaves a claim that a live producer may own',
    edits: [
      inKernel(
        '(if (i32.ne (local.get $state) (i32.const %CELL_DEAD%)) (then (return (i32.const 0))))',
        '',
      ),
    ],
    found: 'a producer dies at any step',
  },
  {
    rule: 'an aborted span ends where the next intent begins',
    edits: [inKernel('(br_if $bounded (i32.ne (local.get $boundaryGranule) (i32.const -1)))', '')],
    found: 'a producer dies at any step',
  },
  {
    rule: 'an aborted span ends where a first slot of this lap is stamped',
    edits: [inKernel('(if (call $isFirst (local.get $boundary))', '(if (i32.const 0)')],
    found: 'a producer dies at any step',
  },
  {
    rule: 'an aborted span reaches to the next boundary, however long the dead claim was meant to be',
    edits: [
      inKernel(
        '(if (i32.eq (local.get $boundary) (i32.wrap_i64 (local.get $tail)))',
        '(if (i32.const 1)',
      ),
    ],
    found: 'a producer dies at any step, whole rounds of the owner',
  },
  {
    rule: 'repair stamps continuations and span before the first slot',
    edits: [
      inKernel(
        '(local.set $boundary (local.get $sequence))',
        `(local.set $boundary (local.get $sequence))
        (i32.atomic.store $shard (call $slotOf (local.get $sequence))
          (call $stampOf (local.get $sequence) (i32.const %FIRST_ABORTED%)))`,
      ),
    ],
    found: 'every word a step, a producer dies, 4 slots',
  },
  {
    rule: 'the owner helps whenever the next slot is stamped',
    edits: [
      inKernel(
        `${IS_FIRST}\n      (then (drop (call $help)) (return (i32.const 1))))`,
        `${IS_FIRST}\n      (then (return (i32.const 0))))`,
      ),
      { file: 'shard/owner.ts', from: 'let wake = kernel.help();', to: 'let wake = 0;' },
    ],
    found: 'a producer dies at any step, whole rounds of the owner',
  },
  {
    rule: 'the exit of a thread spares a cell that another one takes',
    edits: [
      {
        file: 'shard/owner.ts',
        from: 'if (taking ? state !== takenBy(thread) : i32[cell + (CELL.thread >> 2)] !== thread) continue;',
        to: 'if (i32[cell + (CELL.thread >> 2)] !== thread && !(taking && state === takenBy(thread))) continue;',
      },
    ],
    found: 'a cell is taken anew while the exit of its last holder is dealt with',
  },
  {
    rule: 'ends that move on are no broken invariant',
    edits: [
      {
        file: 'shard/owner.ts',
        from: 'const open = (claimed - shard.published()) | 0;',
        to: 'const open = (claimed - published) | 0;',
      },
    ],
    found: 'a producer dies while another waits for room',
  },
  {
    rule: 'nothing is appended behind the end of a topic',
    edits: [
      {
        file: 'shard/owner.ts',
        from: '    this.shard.staleLimits();\n    const result = this.appender.appendControl(KIND.topicEnd',
        to: '    const result = this.appender.appendControl(KIND.topicEnd',
      },
    ],
    found: 'a topic ends while producers append',
  },
  {
    rule: "an owner uses its cell once its predecessor's claim there has been settled",
    edits: [
      {
        file: 'shard/owner.ts',
        from: 'if (!this.settleIntent(OWNER_CELL)) return false;',
        to: 'this.settleIntent(OWNER_CELL);',
      },
    ],
    found: 'the owner dies, its claim behind that of a live producer',
  },
];
