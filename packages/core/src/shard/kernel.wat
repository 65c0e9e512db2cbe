;; The lock-free heart of a shard: claim, publish, read, release, repair.
;;
;; Everything that several threads touch at once is touched here and nowhere else, so that this one
;; file can be audited, model-checked and explored step by step. It is WebAssembly for two reasons:
;; a 64-bit compare-and-swap that allocates nothing, and atomics that are instructions, not calls.
;;
;; Names between percent signs are byte offsets and constants of layout.ts, put in when the kernel is compiled
;; (kernel/build.ts). `;;@` ends a line with what that access publishes or pairs with.
;;
;; Notation
;;   tail = {sequence: low 32 bits, granule: high 31 bits} one 64-bit word; a granule is 8 bytes
;;   stamp = lap(sequence) << 3 | kind        kinds: 1 first, 2 continuation, 3 first aborted,
;;                                                   4 continuation aborted
;;   a - b compares positions that wrap: sequences modulo 2^32, granules modulo 2^31
;;
;; Every access to shared memory is one line, so that a test can put a scheduling point before it.
(module
  (memory $shard (import "shard" "memory") 1 65536 shared)
  (memory $scratch (import "scratch" "memory") 0)
  (global $slotMask (import "shard" "slotMask") i32)      ;; S - 1
  (global $lapShift (import "shard" "lapShift") i32)      ;; log2 S
  (global $slotsAt (import "shard" "slotsAt") i32)
  (global $dataAt (import "shard" "dataAt") i32)
  (global $dataGranules (import "shard" "dataGranules") i32) ;; C / 8
  (global $producersAt (import "shard" "producersAt") i32)
  (global $producersEnd (import "shard" "producersEnd") i32)
  (global $groupsAt (import "shard" "groupsAt") i32)
  (global $groupsEnd (import "shard" "groupsEnd") i32)
  (global $groupBytes (import "shard" "groupBytes") i32)
  (global $maxRecordBytes (import "shard" "maxRecordBytes") i32)
  (global $fenceClaims (import "shard" "fenceClaims") i32) ;; 1 where a RMW is no full barrier (arm64)

  (func $slotOf (param $sequence i32) (result i32)
    (i32.add (global.get $slotsAt)
      (i32.shl (i32.and (local.get $sequence) (global.get $slotMask)) (i32.const 4))))

  (func $stampOf (param $sequence i32) (param $kind i32) (result i32)
    (i32.or (i32.shl (i32.shr_u (local.get $sequence) (global.get $lapShift)) (i32.const 3))
      (local.get $kind)))

  (func $dataOf (param $granule i32) (result i32)
    (i32.add (global.get $dataAt)
      (i32.shl
        (i32.and (local.get $granule) (i32.sub (global.get $dataGranules) (i32.const 1)))
        (i32.const 3))))

  ;; Granules wrap at 2^31: the sign of their difference is bit 30.
  (func $granuleDifference (param $a i32) (param $b i32) (result i32)
    (i32.shr_s (i32.shl (i32.sub (local.get $a) (local.get $b)) (i32.const 1)) (i32.const 1)))

  (func $pair (param $low i32) (param $high i32) (result i64)
    (i64.or (i64.extend_i32_u (local.get $low))
      (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 32))))

  ;; ---- the gate -------------------------------------------------------------------------------

  ;; What a group holds: min(next, leases). `next` is read before the leases: a worker stores its
  ;; lease before it moves `next`, so whoever sees the moved `next` sees the lease (the other order
  ;; would miss both).
  (func $committed (export "committed") (param $group i32) (result i32)
    (local $committed i32) (local $lease i32) (local $end i32) (local $from i64)
    (local.set $committed
      (i32.atomic.load $shard (i32.add (local.get $group) (i32.const %GROUP_NEXT%)))) ;;@ before the leases
    (local.set $lease (i32.add (local.get $group) (i32.const %GROUP_LEASES%)))
    (local.set $end (i32.add (local.get $group) (global.get $groupBytes)))
    (loop $leases
      (local.set $from
        (i64.atomic.load $shard (local.get $lease))) ;;@ pairs with the lease stored in $poll
      (if (i64.ne (local.get $from) (i64.const -1))
        (then
          (if (i32.lt_s (i32.sub (i32.wrap_i64 (local.get $from)) (local.get $committed)) (i32.const 0))
            (then (local.set $committed (i32.wrap_i64 (local.get $from)))))))
      (local.set $lease (i32.add (local.get $lease) (i32.const %LEASE_BYTES%)))
      (br_if $leases (i32.lt_u (local.get $lease) (local.get $end))))
    (local.get $committed))

  ;; The oldest sequence that must stay: published, or less where a gating group holds it.
  (func $floor (export "floor") (result i32)
    (local $floor i32) (local $group i32) (local $held i32)
    (local.set $floor (i32.atomic.load $shard (i32.const %PUBLISHED%)))
    (local.set $group (global.get $groupsAt))
    (block $done (loop $groups
      (br_if $done (i32.ge_u (local.get $group) (global.get $groupsEnd)))
      (if (i32.eq (i32.atomic.load $shard (i32.add (local.get $group) (i32.const %GROUP_STATE%)))
            (i32.const %GROUP_GATING%))
        (then
          (local.set $held (call $committed (local.get $group)))
          (if (i32.lt_s (i32.sub (local.get $held) (local.get $floor)) (i32.const 0))
            (then (local.set $floor (local.get $held))))))
      (local.set $group (i32.add (local.get $group) (global.get $groupBytes)))
      (br $groups)))
    (local.get $floor))

  ;; Computes a producer's cached limits anew; 0 when the shard takes no more appends (an ended one
  ;; still takes control records: its markers). The version is read first: a gate raised after that
  ;; makes the cache stale, never wrong.
  (func $refreshLimits (param $producer i32) (param $meta i32) (result i32)
    (local $floor i32) (local $version i32) (local $granule i32) (local $state i32)
    (local.set $version (i32.atomic.load $shard (i32.const %GATE_VERSION%)))
    (local.set $state (i32.atomic.load $shard (i32.const %STATE%)))
    (if (i32.ne (local.get $state) (i32.const %STATE_OPEN%))
      (then
        (if (i32.or
              (i32.eq (local.get $state) (i32.const %STATE_POISONED%))
              (i32.eqz (i32.and (local.get $meta) (i32.const %META_CONTROL%))))
          (then (return (i32.const 0))))))
    (local.set $floor (call $floor))
    ;; Whoever published up to the floor wrote the granule of the slot behind it ($claimed).
    (local.set $granule
      (i32.load $shard (i32.add (call $slotOf (local.get $floor)) (i32.const %SLOT_GRANULE%))))
    ;; S - 1, not S: the slot at the tail is never one that must stay, and takes the next granule.
    (i32.store $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_SEQUENCE%))
      (i32.add (local.get $floor) (global.get $slotMask)))
    (i32.store $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_GRANULE%))
      (i32.add (local.get $granule) (global.get $dataGranules)))
    (i32.store $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_VERSION%))
      (local.get $version))
    (i32.const 1))

  ;; Whether the cached limits let the tail move to {sequence, granule}.
  (func $withinLimits (param $producer i32) (param $sequence i32) (param $granule i32) (result i32)
    (i32.and
      (i32.and
        (i32.eq
          (i32.load $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_VERSION%)))
          (i32.atomic.load $shard (i32.const %GATE_VERSION%)))
        (i32.le_s
          (i32.sub (local.get $sequence)
            (i32.load $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_SEQUENCE%))))
          (i32.const 0)))
      (i32.le_s
        (call $granuleDifference (local.get $granule)
          (i32.load $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_GRANULE%))))
        (i32.const 0))))

  ;; ---- append ---------------------------------------------------------------------------------

  ;; Appends `count` records that stand one behind another in scratch memory at `source`, `bytes`
  ;; long together, as one batch. `producer` is the address of the caller's cell; `meta` goes into
  ;; every slot. Returns APPENDED (with the WAKE bits), FULL or REFUSED; the first sequence is left
  ;; at scratch RESULT.
  (func (export "append")
    (param $producer i32) (param $source i32) (param $count i32) (param $bytes i32) (param $meta i32)
    (result i32)
    (local $tail i64) (local $sequence i32) (local $granule i32)
    (local $nextSequence i32) (local $nextGranule i32)
    (loop $again
      (local.set $tail (i64.atomic.load $shard (i32.const %TAIL%)))
      (local.set $sequence (i32.wrap_i64 (local.get $tail)))
      (local.set $granule (i32.wrap_i64 (i64.shr_u (local.get $tail) (i64.const 32))))
      (local.set $nextSequence (i32.add (local.get $sequence) (local.get $count)))
      (local.set $nextGranule
        (i32.and (i32.add (local.get $granule) (i32.shr_u (local.get $bytes) (i32.const 3)))
          (i32.const 0x7fffffff)))
      (if (i32.eqz (call $withinLimits (local.get $producer) (local.get $nextSequence) (local.get $nextGranule)))
        (then
          (if (i32.eqz (call $refreshLimits (local.get $producer) (local.get $meta)))
            (then
              (i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (i64.const -1))
              (return (i32.const %REFUSED%))))
          (if (i32.eqz (call $withinLimits (local.get $producer) (local.get $nextSequence) (local.get $nextGranule)))
            (then
              ;; Limits of a gate that has moved meanwhile say nothing.
              (br_if $again
                (i32.ne
                  (i32.load $shard (i32.add (local.get $producer) (i32.const %CELL_LIMIT_VERSION%)))
                  (i32.atomic.load $shard (i32.const %GATE_VERSION%))))
              ;; The intent goes before the caller waits, or no repair could ever begin.
              (i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (i64.const -1))
              (return (i32.const %FULL%))))))
      ;; The intent is the very word about to be replaced; the compare-and-swap publishes it.
      (i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (local.get $tail))
      (br_if $again (i64.ne (local.get $tail)
        (i64.atomic.rmw.cmpxchg $shard (i32.const %TAIL%) (local.get $tail) ;;@ publishes the intent
          (call $pair (local.get $nextSequence) (local.get $nextGranule))))))
    (if (global.get $fenceClaims) (then (atomic.fence)))
    (if (i32.eq (local.get $count) (i32.const 1))
      (then
        (call $fillOne (local.get $sequence) (local.get $granule) (local.get $nextGranule)
          (local.get $source) (local.get $bytes) (local.get $meta)))
      (else
        (call $fillBatch (local.get $sequence) (local.get $granule) (local.get $nextGranule)
          (local.get $source) (local.get $count) (local.get $bytes) (local.get $meta))))
    (i32.atomic.store $shard (call $slotOf (local.get $sequence)) ;;@ publishes the slots and the data
      (call $stampOf (local.get $sequence) (i32.const %FIRST%)))
    (i32.store $scratch (i32.const %RESULT%) (local.get $sequence))
    (local.set $count (call $help))
    ;; After the atomics of $help, hence after the stamp: see layout.ts, "intent".
    (i64.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (i64.const -1))
    (local.get $count))

  (func $fillOne
    (param $sequence i32) (param $granule i32) (param $nextGranule i32)
    (param $source i32) (param $bytes i32) (param $meta i32)
    (local $slot i32) (local $to i32) (local $end i32)
    (i32.store $shard
      (i32.add (call $slotOf (i32.add (local.get $sequence) (i32.const 1))) (i32.const %SLOT_GRANULE%))
      (local.get $nextGranule))
    (local.set $slot (call $slotOf (local.get $sequence)))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_GRANULE%)) (local.get $granule))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_LENGTH%)) (local.get $bytes))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_META%))
      (i32.or (local.get $meta) (i32.const 0x10000)))
    (local.set $to (call $dataOf (local.get $granule)))
    (if (i32.le_u (local.get $bytes) (i32.const 128))
      (then
        (local.set $end (i32.add (local.get $source) (local.get $bytes)))
        (loop $granules
          (i64.store $shard (local.get $to) (i64.load $scratch (local.get $source)))
          (local.set $to (i32.add (local.get $to) (i32.const 8)))
          (local.set $source (i32.add (local.get $source) (i32.const 8)))
          (br_if $granules (i32.lt_u (local.get $source) (local.get $end)))))
      (else
        (memory.copy $shard $scratch (local.get $to) (local.get $source) (local.get $bytes)))))

  ;; Continuations carry this lap's stamp before the first slot's stamp is stored: a stamp of an
  ;; older lap that is still there could otherwise be read as a commit.
  (func $fillBatch
    (param $sequence i32) (param $granule i32) (param $nextGranule i32)
    (param $source i32) (param $count i32) (param $bytes i32) (param $meta i32)
    (local $end i32) (local $slot i32) (local $length i32) (local $at i32) (local $runStart i32)
    (local $runGranule i32) (local $nextLap i32)
    (i32.store $shard
      (i32.add (call $slotOf (i32.add (local.get $sequence) (local.get $count))) (i32.const %SLOT_GRANULE%))
      (local.get $nextGranule))
    (local.set $at (local.get $source))
    (local.set $runStart (local.get $source))
    (local.set $runGranule (local.get $granule))
    (local.set $end (i32.add (local.get $source) (local.get $bytes)))
    (local.set $slot (call $slotOf (local.get $sequence)))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_META%))
      (i32.or (local.get $meta) (i32.shl (local.get $count) (i32.const 16))))
    (loop $records
      ;; A record that begins past the end of the data area begins a new run at its start.
      (if (i32.lt_u (call $dataOf (local.get $granule)) (call $dataOf (local.get $runGranule)))
        (then
          (memory.copy $shard $scratch (call $dataOf (local.get $runGranule)) (local.get $runStart)
            (i32.sub (local.get $at) (local.get $runStart)))
          (local.set $runStart (local.get $at))
          (local.set $runGranule (local.get $granule))))
      (local.set $length
        (i32.and (i32.add (i32.load $scratch (local.get $at)) (i32.const 11)) (i32.const -8)))
      (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_GRANULE%)) (local.get $granule))
      (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_LENGTH%)) (local.get $length))
      (if (i32.ne (local.get $at) (local.get $source))
        (then
          (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_META%)) (local.get $meta))
          (i32.store $shard (local.get $slot)
            (call $stampOf (local.get $sequence) (i32.const %CONTINUATION%)))))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (local.set $granule
        (i32.and (i32.add (local.get $granule) (i32.shr_u (local.get $length) (i32.const 3)))
          (i32.const 0x7fffffff)))
      (local.set $sequence (i32.add (local.get $sequence) (i32.const 1)))
      (local.set $slot (call $slotOf (local.get $sequence)))
      (br_if $records (i32.lt_u (local.get $at) (local.get $end))))
    (memory.copy $shard $scratch (call $dataOf (local.get $runGranule)) (local.get $runStart)
      (i32.sub (local.get $end) (local.get $runStart))))

  ;; Advances `published` over every stamped batch. Whoever commits helps, so nobody waits for a
  ;; thread that sleeps between its stamp and its help. Returns APPENDED with WAKE bits.
  (func $help (export "help") (result i32)
    (local $published i32) (local $seen i32) (local $slot i32) (local $stamp i32) (local $span i32)
    (local $wake i32)
    (local.set $published (i32.atomic.load $shard (i32.const %PUBLISHED%)))
    (block $done (loop $more
      (local.set $slot (call $slotOf (local.get $published)))
      (local.set $stamp (i32.atomic.load $shard (local.get $slot))) ;;@ pairs with the stamp in $append, $repair
      (if (i32.or
            (i32.eq (local.get $stamp) (call $stampOf (local.get $published) (i32.const %FIRST%)))
            (i32.eq (local.get $stamp) (call $stampOf (local.get $published) (i32.const %FIRST_ABORTED%))))
        (then
          ;; The span comes from the first slot and is taken whole.
          (local.set $span
            (i32.shr_u
              (i32.load $shard (i32.add (local.get $slot) (i32.const %SLOT_META%)))
              (i32.const 16)))
          (local.set $seen
            (i32.atomic.rmw.cmpxchg $shard (i32.const %PUBLISHED%) (local.get $published) ;;@ publishes the batch
              (i32.add (local.get $published) (local.get $span))))
          (if (i32.eq (local.get $seen) (local.get $published))
            (then
              (local.set $seen (i32.add (local.get $published) (local.get $span)))
              (if (i32.shr_u (i32.xor (local.get $seen) (local.get $published)) (i32.const 30))
                (then (call $advanceEra)))
              (local.set $wake (i32.const 1)))))
        (else
          ;; No stamp: done, unless `published` has moved while we looked at a slot of an older lap.
          (local.set $seen (i32.atomic.load $shard (i32.const %PUBLISHED%)))
          (br_if $done (i32.eq (local.get $seen) (local.get $published)))))
      (local.set $published (local.get $seen))
      (br $more)))
    (if (result i32) (local.get $wake)
      (then
        (i32.or
          (select (i32.const %WAKE_READERS%) (i32.const 0)
            (i32.atomic.load $shard (i32.const %RECORD_WAITERS%))) ;;@ pairs with the count raised before waiting
          (select (i32.const %WAKE_PRODUCERS%) (i32.const 0)
            (i32.atomic.load $shard (i32.const %ROOM_WAITERS%)))))
      (else (i32.const 0))))

  ;; The era is published / 2^30, unbounded: it extends sequences to 53 bits. Its low two bits must
  ;; equal the top two of `published`; whoever sees that they do not moves it by one, so a thread
  ;; that dies between the two leaves the work to the next (the owner looks at every step).
  ;; Limits cached in an older era are stale: half a wrap later they would alias.
  (func $advanceEra (export "advanceEra")
    (local $era i32)
    (local.set $era (i32.atomic.load $shard (i32.const %ERA%)))
    (if (i32.ne (i32.and (local.get $era) (i32.const 3))
          (i32.shr_u (i32.atomic.load $shard (i32.const %PUBLISHED%)) (i32.const 30)))
      (then
        (if (i32.eq (local.get $era)
              (i32.atomic.rmw.cmpxchg $shard (i32.const %ERA%) (local.get $era)
                (i32.add (local.get $era) (i32.const 1))))
          (then (drop (i32.atomic.rmw.add $shard (i32.const %GATE_VERSION%) (i32.const 1))))))))

  ;; ---- groups ---------------------------------------------------------------------------------

  ;; Takes up to `max` published slots for the worker whose lease is at `lease`. Returns their count;
  ;; the first sequence is left at scratch RESULT. The lease is stored before `next` moves. A negative
  ;; result says that there are none, and that a producer waits for room, which it may have missed
  ;; because of a lease that was stored in vain.
  (func (export "poll") (param $group i32) (param $lease i32) (param $max i32) (result i32)
    (local $next i32) (local $count i32) (local $fresh i32) (local $stored i32)
    (local.set $fresh (i64.eq (i64.load $shard (local.get $lease)) (i64.const -1)))
    (loop $again
      (local.set $next (i32.atomic.load $shard (i32.add (local.get $group) (i32.const %GROUP_NEXT%))))
      (local.set $count
        (i32.sub
          (i32.atomic.load $shard (i32.const %PUBLISHED%)) ;;@ pairs with the advance in $help
          (local.get $next)))
      (if (i32.le_s (local.get $count) (i32.const 0))
        (then
          ;; Nothing to read: a worker that will wait holds no lease.
          (if (i32.eqz (local.get $stored)) (then (return (i32.const 0))))
          (i64.atomic.store $shard (local.get $lease) (i64.const -1))
          (return
            (select (i32.const -1) (i32.const 0)
              (i32.atomic.load $shard (i32.const %ROOM_WAITERS%))))))
      (if (i32.gt_u (local.get $count) (local.get $max))
        (then (local.set $count (local.get $max))))
      (if (local.get $fresh)
        (then
          (i64.atomic.store $shard (local.get $lease) ;;@ before the compare-and-swap on `next`
            (i64.extend_i32_u (local.get $next)))
          (local.set $stored (i32.const 1))))
      (br_if $again (i32.ne (local.get $next)
        (i32.atomic.rmw.cmpxchg $shard (i32.add (local.get $group) (i32.const %GROUP_NEXT%))
          (local.get $next) (i32.add (local.get $next) (local.get $count))))))
    (i32.store $scratch (i32.const %RESULT%) (local.get $next))
    (local.get $count))

  ;; Sets a lease to `from` (or none), freeing what lies below; returns a WAKE bit. A lease that is
  ;; cleared without having been used wakes as well: a producer may have seen it and gone to wait.
  (func (export "release") (param $lease i32) (param $holds i32) (param $from i32) (result i32)
    (i64.atomic.store $shard (local.get $lease) ;;@ frees the slots below; pairs with $floor
      (select (i64.extend_i32_u (local.get $from)) (i64.const -1) (local.get $holds)))
    (select (i32.const %WAKE_PRODUCERS%) (i32.const 0)
      (i32.atomic.load $shard (i32.const %ROOM_WAITERS%))))

  ;; ---- reading what may be overwritten --------------------------------------------------------

  ;; Copies slots and data of [from, from + count) to scratch memory: 16 bytes a slot at
  ;; `slotsTo`, then the data at `dataTo` (at most `dataRoom` bytes). What is read here may be
  ;; overwritten meanwhile: the tail tells afterwards how many of the oldest records were lost on the
  ;; way. Returns that number (count: all lost), or -1 when `dataRoom` is too small. The granule of
  ;; what stands at `dataTo` is left at scratch RESULT.
  (func (export "copyOut")
    (param $from i32) (param $count i32) (param $slotsTo i32) (param $dataTo i32) (param $dataRoom i32)
    (result i32)
    (local $slot i32) (local $bytes i32) (local $granule i32) (local $first i32) (local $end i32)
    (local $boundary i32) (local $lost i32)
    ;; slots, in one or two runs
    (local.set $first
      (i32.sub (i32.add (global.get $slotMask) (i32.const 1))
        (i32.and (local.get $from) (global.get $slotMask))))
    (if (i32.gt_u (local.get $first) (local.get $count)) (then (local.set $first (local.get $count))))
    (memory.copy $scratch $shard (local.get $slotsTo) (call $slotOf (local.get $from))
      (i32.shl (local.get $first) (i32.const 4)))
    (memory.copy $scratch $shard
      (i32.add (local.get $slotsTo) (i32.shl (local.get $first) (i32.const 4))) (global.get $slotsAt)
      (i32.shl (i32.sub (local.get $count) (local.get $first)) (i32.const 4)))
    ;; Only a slot that was whole says where data lies.
    (local.set $lost
      (call $firstIntact (local.get $from) (i32.const 0) (local.get $count) (local.get $slotsTo)))
    (if (i32.eq (local.get $lost) (local.get $count)) (then (return (local.get $count))))
    (local.set $slot (i32.add (local.get $slotsTo) (i32.shl (local.get $lost) (i32.const 4))))
    (local.set $end (i32.add (local.get $slotsTo) (i32.shl (local.get $count) (i32.const 4))))
    ;; data
    (local.set $granule (i32.load $scratch (i32.add (local.get $slot) (i32.const %SLOT_GRANULE%))))
    (i32.store $scratch (i32.const %RESULT%) (local.get $granule))
    (local.set $bytes
      (i32.add
        (i32.shl
          (call $granuleDifference
            (i32.load $scratch
              (i32.add (local.get $end) (i32.const %LAST_SLOT_GRANULE%)))
            (local.get $granule))
          (i32.const 3))
        (i32.load $scratch (i32.add (local.get $end) (i32.const %LAST_SLOT_LENGTH%)))))
    (if (i32.gt_u (local.get $bytes) (local.get $dataRoom)) (then (return (i32.const -1))))
    ;; bytes from here to the end of the data area
    (local.set $boundary
      (i32.shl
        (i32.sub (global.get $dataGranules)
          (i32.and (local.get $granule) (i32.sub (global.get $dataGranules) (i32.const 1))))
        (i32.const 3)))
    (local.set $first (local.get $bytes))
    (if (i32.gt_u (local.get $bytes) (local.get $boundary))
      (then
        ;; The run that begins before the end goes on into the spill zone until its record ends.
        (block $found (loop $search
          (local.set $slot (i32.add (local.get $slot) (i32.const 16)))
          (br_if $found (i32.ge_u (local.get $slot) (local.get $end)))
          (local.set $first
            (i32.shl
              (call $granuleDifference
                (i32.load $scratch (i32.add (local.get $slot) (i32.const %SLOT_GRANULE%)))
                (local.get $granule))
              (i32.const 3)))
          (br_if $found (i32.ge_u (local.get $first) (local.get $boundary)))
          (local.set $first (local.get $bytes))
          (br $search)))))
    (memory.copy $scratch $shard (local.get $dataTo) (call $dataOf (local.get $granule))
      (local.get $first))
    (memory.copy $scratch $shard (i32.add (local.get $dataTo) (local.get $first))
      (call $dataOf (i32.add (local.get $granule) (i32.shr_u (local.get $first) (i32.const 3))))
      (i32.sub (local.get $bytes) (local.get $first)))
    (call $firstIntact (local.get $from) (local.get $lost) (local.get $count) (local.get $slotsTo)))

  ;; The first of the copied slots, from `lost` on, whose slot and data cannot have been overwritten
  ;; before this is called. An atomic load orders later accesses, not the plain reads before it; the
  ;; fence does: whatever overwrote what we read had moved the tail before, and now we must see that.
  (func $firstIntact
    (param $from i32) (param $lost i32) (param $count i32) (param $slotsTo i32) (result i32)
    (local $tail i64) (local $oldest i32)
    (atomic.fence)
    (local.set $tail (i64.atomic.load $shard (i32.const %TAIL%))) ;;@ pairs with the claim in $append
    (local.set $oldest
      (i32.sub (i32.wrap_i64 (local.get $tail)) (global.get $slotMask))) ;; tail - S + 1
    (block $intact (loop $check
      (br_if $intact (i32.ge_u (local.get $lost) (local.get $count)))
      (br_if $intact
        (i32.and
          (i32.ge_s
            (i32.sub (i32.add (local.get $from) (local.get $lost)) (local.get $oldest))
            (i32.const 0))
          (i32.ge_s
            (i32.add
              (call $granuleDifference
                (i32.load $scratch
                  (i32.add (i32.add (local.get $slotsTo) (i32.shl (local.get $lost) (i32.const 4)))
                    (i32.const %SLOT_GRANULE%)))
                (i32.wrap_i64 (i64.shr_u (local.get $tail) (i64.const 32))))
              (global.get $dataGranules))
            (i32.const 0))))
      (local.set $lost (i32.add (local.get $lost) (i32.const 1)))
      (br $check)))
    (local.get $lost))

  ;; ---- repair ---------------------------------------------------------------------------------

  ;; The owner alone calls this, after a producer's thread has exited. It turns a claim that a dead
  ;; producer left open into aborted slots. Returns 1 when there may be more to do, else 0.
  ;; The order of the loads is part of the proof: published, tail, intents, stamp, published again.
  (func (export "repair") (result i32)
    (local $published i32) (local $tail i64) (local $cell i32) (local $intent i64)
    (local $found i32) (local $granule i32) (local $state i32)
    (local.set $published (i32.atomic.load $shard (i32.const %PUBLISHED%)))
    (local.set $tail (i64.atomic.load $shard (i32.const %TAIL%)))
    (if (i32.eq (i32.wrap_i64 (local.get $tail)) (local.get $published)) (then (return (i32.const 0))))
    (local.set $cell (global.get $producersAt))
    (block $cellsDone (loop $cells
      (br_if $cellsDone (i32.ge_u (local.get $cell) (global.get $producersEnd)))
      (local.set $state (i32.atomic.load $shard (i32.add (local.get $cell) (i32.const %CELL_STATE%))))
      (local.set $intent (i64.atomic.load $shard (i32.add (local.get $cell) (i32.const %CELL_INTENT%))))
      (if (i32.and
            (i64.ne (local.get $intent) (i64.const -1))
            (i32.eq (i32.wrap_i64 (local.get $intent)) (local.get $published)))
        (then
          ;; A live producer may own this claim: leave it.
          (if (i32.ne (local.get $state) (i32.const %CELL_DEAD%)) (then (return (i32.const 0))))
          (local.set $found (i32.const 1))
          (local.set $granule (i32.wrap_i64 (i64.shr_u (local.get $intent) (i64.const 32))))))
      (local.set $cell (i32.add (local.get $cell) (i32.const %CELL_BYTES%)))
      (br $cells)))
    (if (i32.eqz (local.get $found)) (then (return (i32.const 0))))
    (if (call $isFirst (local.get $published))
      (then (drop (call $help)) (return (i32.const 1))))
    (if (i32.ne (i32.atomic.load $shard (i32.const %PUBLISHED%)) (local.get $published))
      (then (return (i32.const 1))))
    (call $abort (local.get $published) (local.get $granule) (local.get $tail))
    (drop (call $help))
    (i32.const 1))

  ;; Clears the intent of a dead producer: both halves at once, for who does it may die too.
  (func (export "clearIntent") (param $producer i32)
    (i64.atomic.store $shard (i32.add (local.get $producer) (i32.const %CELL_INTENT%)) (i64.const -1)))

  ;; Whether the slot of `sequence` is stamped as the first of a batch in this lap.
  (func $isFirst (param $sequence i32) (result i32)
    (local $stamp i32)
    (local.set $stamp (i32.atomic.load $shard (call $slotOf (local.get $sequence))))
    (i32.or
      (i32.eq (local.get $stamp) (call $stampOf (local.get $sequence) (i32.const %FIRST%)))
      (i32.eq (local.get $stamp) (call $stampOf (local.get $sequence) (i32.const %FIRST_ABORTED%)))))

  ;; The granule that an intent holds for `sequence`, or -1 when no intent names it.
  (func $intendedGranule (param $sequence i32) (result i32)
    (local $cell i32) (local $intent i64)
    (local.set $cell (global.get $producersAt))
    (block $none (loop $cells
      (br_if $none (i32.ge_u (local.get $cell) (global.get $producersEnd)))
      (local.set $intent (i64.atomic.load $shard (i32.add (local.get $cell) (i32.const %CELL_INTENT%))))
      (if (i32.and
            (i64.ne (local.get $intent) (i64.const -1))
            (i32.eq (i32.wrap_i64 (local.get $intent)) (local.get $sequence)))
        (then (return (i32.wrap_i64 (i64.shr_u (local.get $intent) (i64.const 32))))))
      (local.set $cell (i32.add (local.get $cell) (i32.const %CELL_BYTES%)))
      (br $cells)))
    (i32.const -1))

  ;; Stamps the dead claim at `sequence` as aborted, up to the next boundary: the tail that was seen,
  ;; an intent, or a slot stamped as a first slot of this lap. Not what the dead intent's owner meant
  ;; to claim: two dead producers may name the same place with different counts. It may die at any
  ;; step and be repeated: the first slot's stamp, which ends it, is stored last.
  (func $abort (param $sequence i32) (param $granule i32) (param $tail i64)
    (local $boundary i32) (local $boundaryGranule i32) (local $slot i32)
    (local.set $boundary (local.get $sequence))
    (block $bounded (loop $search
      (local.set $boundary (i32.add (local.get $boundary) (i32.const 1)))
      (if (i32.eq (local.get $boundary) (i32.wrap_i64 (local.get $tail)))
        (then
          (local.set $boundaryGranule (i32.wrap_i64 (i64.shr_u (local.get $tail) (i64.const 32))))
          (br $bounded)))
      (local.set $boundaryGranule (call $intendedGranule (local.get $boundary)))
      (br_if $bounded (i32.ne (local.get $boundaryGranule) (i32.const -1)))
      (if (call $isFirst (local.get $boundary))
        (then
          (local.set $boundaryGranule
            (i32.load $shard
              (i32.add (call $slotOf (local.get $boundary)) (i32.const %SLOT_GRANULE%))))
          (br $bounded)))
      (call $abortSlot (local.get $boundary) (local.get $granule) (i32.const 0))
      (i32.atomic.store $shard (call $slotOf (local.get $boundary))
        (call $stampOf (local.get $boundary) (i32.const %CONTINUATION_ABORTED%)))
      (br $search)))
    ;; The gate finds the byte position of any published sequence in its slot.
    (i32.store $shard
      (i32.add (call $slotOf (local.get $boundary)) (i32.const %SLOT_GRANULE%))
      (local.get $boundaryGranule))
    (call $abortSlot (local.get $sequence) (local.get $granule)
      (i32.sub (local.get $boundary) (local.get $sequence)))
    (drop (i32.atomic.rmw.add $shard (i32.const %ABORTED%)
      (i32.sub (local.get $boundary) (local.get $sequence))))
    (i32.atomic.store $shard (call $slotOf (local.get $sequence)) ;;@ publishes the span
      (call $stampOf (local.get $sequence) (i32.const %FIRST_ABORTED%))))

  (func $abortSlot (param $sequence i32) (param $granule i32) (param $span i32)
    (local $slot i32)
    (local.set $slot (call $slotOf (local.get $sequence)))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_GRANULE%)) (local.get $granule))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_LENGTH%)) (i32.const 0))
    (i32.store $shard (i32.add (local.get $slot) (i32.const %SLOT_META%))
      (i32.shl (local.get $span) (i32.const 16))))
)
