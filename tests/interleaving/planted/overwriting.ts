import { inKernel, type PlantedBug } from './bug.ts';

export const overwriting: readonly PlantedBug[] = [
  {
    rule: 'a copy is compared with the tail at its end',
    edits: [
      inKernel(
        '(call $firstIntact (local.get $from) (local.get $lost) (local.get $count) (local.get $slotsTo)))\n\n',
        '(local.get $lost))\n\n',
      ),
    ],
    found: 'overwriting, bytes bind, a validated reader',
  },
  {
    rule: 'only a slot that was whole says where data lies',
    edits: [
      inKernel(
        '(call $firstIntact (local.get $from) (i32.const 0) (local.get $count) (local.get $slotsTo)))',
        '(i32.const 0))',
      ),
    ],
    found: 'overwriting, batches, a validated reader, 4 slots',
  },
  {
    rule: 'the slot at the tail is taken for overwritten',
    edits: [
      inKernel(
        '(i32.sub (i32.wrap_i64 (local.get $tail)) (global.get $slotMask))) ;; tail - S + 1',
        '(i32.sub (i32.sub (i32.wrap_i64 (local.get $tail)) (global.get $slotMask)) (i32.const 1)))',
      ),
    ],
    found: 'overwriting, a validated reader, 2 slots',
  },
  {
    rule: 'losses are reported once, and always',
    edits: [
      {
        file: 'shard/group-reader.ts',
        from: 'this.cursor.moveNext((next + gone) | 0);\n        continue;',
        to: 'this.cursor.moveNext((next + gone) | 0);\n        this.unreported = 0;\n        continue;',
      },
    ],
    found: 'overwriting, a validated reader, 2 slots',
  },
];
