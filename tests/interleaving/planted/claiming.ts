import { inKernel, type PlantedBug } from './bug.ts';

export const claiming: readonly PlantedBug[] = [
  {
    rule: 'claims are gated on published, also where the oldest may be overwritten',
    edits: [
      inKernel(
        '(local.set $floor (i32.atomic.load $shard (i32.const %PUBLISHED%)))',
        '(local.set $floor (i32.atomic.load $shard (i32.const %TAIL%)))',
      ),
    ],
    found: 'a producer dies with a stale intent while another laps the ring',
  },
  {
    rule: 'the gate leaves one slot free, for the granule behind the tail',
    edits: [
      inKernel(
        '(i32.add (local.get $floor) (global.get $slotMask)))',
        '(i32.add (i32.const 1) (i32.add (local.get $floor) (global.get $slotMask))))',
      ),
    ],
    found: 'two producers, one worker, 2 slots',
  },
  {
    rule: 'bytes are gated as slots are',
    edits: [
      inKernel(
        '(i32.add (local.get $granule) (global.get $dataGranules)))',
        '(i32.add (local.get $granule) (i32.const 0x3fffffff)))',
      ),
    ],
    found: 'bytes bind before slots, records run into the spill zone',
  },
  {
    rule: 'limits are noted with the version of the gate that was read before them',
    edits: [
      inKernel(
        '(i32.store $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_VERSION%))\n      (local.get $version))',
        '(i32.store $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_VERSION%))\n      (i32.atomic.load $shard (i32.const %GATE_VERSION%)))',
      ),
    ],
    found: 'a group begins while a producer overwrites',
  },
  {
    rule: 'limits of a gate that has moved are no refusal',
    edits: [
      inKernel(
        `(br_if $again
                (i32.ne
                  (i32.load $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_VERSION%)))
                  (i32.atomic.load $shard (i32.const %GATE_VERSION%))))`,
        '',
      ),
    ],
    found: 'the era turns in a ring with room for all',
  },
  {
    rule: 'a limit is computed anew when the era has moved',
    edits: [
      inKernel(
        '(then (drop (i32.atomic.rmw.add $shard (i32.const %GATE_VERSION%) (i32.const 1))))',
        '(then)',
      ),
    ],
    found: 'a producer sleeps for half the wrap',
  },
];
