import { inKernel, type PlantedBug } from './bug.ts';

const LEASE_STORE = `(if (local.get $fresh)
        (then
          (i64.atomic.store $shard (local.get $lease) ;;@ before the compare-and-swap on \`next\`
            (i64.extend_i32_u (local.get $next)))
          (local.set $stored (i32.const 1))))`;
const AFTER_POLL = '(i32.store $scratch (i32.const %RESULT%) (local.get $next))';

export const leases: readonly PlantedBug[] = [
  {
    rule: 'a lease is stored before next moves',
    edits: [inKernel(LEASE_STORE, ''), inKernel(AFTER_POLL, `${LEASE_STORE}\n${AFTER_POLL}`)],
    found: 'two producers, one worker, 2 slots',
  },
  {
    rule: 'the floor reads next before the leases',
    edits: [
      inKernel(
        '(local.set $committed\n      (i32.atomic.load $shard (i32.add (local.get $group) (i32.const %GROUP_NEXT%)))) ;;@ before the leases',
        '(local.set $committed\n      (i32.add (i32.atomic.load $shard (i32.const %PUBLISHED%)) (i32.const 64)))',
      ),
      inKernel(
        '(br_if $leases (i32.lt_u (local.get $lease) (local.get $end))))\n    (local.get $committed))',
        `(br_if $leases (i32.lt_u (local.get $lease) (local.get $end))))
        (local.set $end (i32.atomic.load $shard (i32.add (local.get $group) (i32.const %GROUP_NEXT%))))
        (if (i32.lt_s (i32.sub (local.get $end) (local.get $committed)) (i32.const 0))
          (then (local.set $committed (local.get $end))))
        (local.get $committed))`,
      ),
    ],
    found: 'two producers, one worker, 2 slots',
  },
  {
    rule: 'a lease is cleared before its worker waits',
    edits: [
      inKernel(
        '(i64.atomic.store $shard (local.get $lease) (i64.const -1))\n          (return',
        '(return',
      ),
    ],
    found: 'two workers of a group',
  },
  {
    rule: 'clearing a lease wakes who waits for room',
    edits: [
      inKernel(
        '(local.get $holds)))\n    (select (i32.const %WAKE_PRODUCERS%) (i32.const 0)',
        '(local.get $holds)))\n    (select (i32.const 0) (i32.const 0)',
      ),
    ],
    found: 'a producer and a worker that park',
  },
  {
    rule: 'clearing a lease that was not used wakes who waits for room',
    edits: [
      inKernel('(select (i32.const -1) (i32.const 0)', '(select (i32.const 0) (i32.const 0)'),
    ],
    found: 'two workers of a group park, one producer too',
  },
  {
    rule: 'what a rewind gives back stays',
    edits: [
      {
        file: 'shard/group-cursor.ts',
        from: '    this.shard.staleLimits();\n    return this.clearLease(member);',
        to: '    return this.clearLease(member);',
      },
    ],
    found: 'a worker dies at any step, another reads on',
  },
  {
    rule: 'a raised gate stales the limits computed before it',
    edits: [
      {
        file: 'shard/group-cursor.ts',
        from: 'state);\n    this.shard.staleLimits();',
        to: 'state);',
      },
    ],
    found: 'a group begins while a producer overwrites',
  },
  {
    rule: 'a worker holds what it has polled, not what others have',
    edits: [
      {
        file: 'shard/group-reader.ts',
        from: 'const holds = ((this.end - sequence) | 0) > 0 ? 1 : 0;',
        to: 'const holds = ((this.cursor.next() - sequence) | 0) > 0 ? 1 : 0;',
      },
    ],
    found: 'two workers of a group, batches',
  },
];
