;; Encodes the record that streams are made of: text key, text value, no headers. Reading a string's
;; characters here costs half of what `charCodeAt` costs in JavaScript, and the encoded record can be
;; handed on to a shard's kernel without going back.
;;
;; Needs WebAssembly's `js-string` builtins; where they are missing, and for every record that is not
;; short ASCII, `writer.ts` does the same in JavaScript. Names between percent signs are numbers of
;; layout.ts and of the scratch memory's cells.
(module
  (memory $scratch (import "scratch" "memory") 0)
  (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
  (import "wasm:js-string" "charCodeAt" (func $charCodeAt (param externref i32) (result i32)))
  ;; (producer cell, source, count, bytes, meta) -> result: the `append` of shards' kernels.
  (type $append (func (param i32 i32 i32 i32 i32) (result i32)))
  (table $appends (export "appends") 16 65536 funcref)

  ;; Writes a text at `to`, a word at a time, the last one padded with zeros; returns all characters,
  ;; or'ed together. The hash of the last text written is left in its cell.
  (func $text (param $text externref) (param $length i32) (param $to i32) (result i32)
    (local $i i32) (local $code i32) (local $all i32) (local $word i32) (local $shift i32)
    (local $hash i32)
    (local.set $hash (i32.const %FNV_OFFSET_BASIS%))
    (block $last (loop $words
      (br_if $last (i32.lt_u (i32.sub (local.get $length) (local.get $i)) (i32.const 4)))
      (local.set $code (call $charCodeAt (local.get $text) (local.get $i)))
      (local.set $all (i32.or (local.get $all) (local.get $code)))
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (local.get $code)) (i32.const %FNV_PRIME%)))
      (local.set $word (local.get $code))
      (local.set $code (call $charCodeAt (local.get $text) (i32.add (local.get $i) (i32.const 1))))
      (local.set $all (i32.or (local.get $all) (local.get $code)))
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (local.get $code)) (i32.const %FNV_PRIME%)))
      (local.set $word (i32.or (local.get $word) (i32.shl (local.get $code) (i32.const 8))))
      (local.set $code (call $charCodeAt (local.get $text) (i32.add (local.get $i) (i32.const 2))))
      (local.set $all (i32.or (local.get $all) (local.get $code)))
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (local.get $code)) (i32.const %FNV_PRIME%)))
      (local.set $word (i32.or (local.get $word) (i32.shl (local.get $code) (i32.const 16))))
      (local.set $code (call $charCodeAt (local.get $text) (i32.add (local.get $i) (i32.const 3))))
      (local.set $all (i32.or (local.get $all) (local.get $code)))
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (local.get $code)) (i32.const %FNV_PRIME%)))
      (local.set $word (i32.or (local.get $word) (i32.shl (local.get $code) (i32.const 24))))
      (i32.store $scratch (i32.add (local.get $to) (local.get $i)) (local.get $word))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br $words)))
    (if (i32.lt_u (local.get $i) (local.get $length))
      (then
        (local.set $word (i32.const 0))
        (local.set $to (i32.add (local.get $to) (local.get $i)))
        (loop $characters
          (local.set $code (call $charCodeAt (local.get $text) (local.get $i)))
          (local.set $all (i32.or (local.get $all) (local.get $code)))
          (local.set $hash
            (i32.mul (i32.xor (local.get $hash) (local.get $code)) (i32.const %FNV_PRIME%)))
          (local.set $word (i32.or (local.get $word) (i32.shl (local.get $code) (local.get $shift))))
          (local.set $shift (i32.add (local.get $shift) (i32.const 8)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $characters (i32.lt_u (local.get $i) (local.get $length))))
        (i32.store $scratch (local.get $to) (local.get $word))))
    (i32.store $scratch (i32.const %KEY_HASH_CELL%) (local.get $hash))
    (local.get $all))

  ;; Everything of a record up to its value, two words a store. The record ends at `at`. `headers` and
  ;; `key` are where those stand, or would; `fields` and `more` are the words of the vtable that say
  ;; what there is.
  (func $head (export "head")
    (param $to i32) (param $at i32) (param $headers i32) (param $key i32) (param $timestamp f64)
    (param $valueLength i32) (param $fields i32) (param $more i32)
    (i64.store $scratch (i32.add (local.get $to) (i32.const %SIZE%))
      (call $pair (i32.sub (i32.sub (local.get $at) (local.get $to)) (i32.const 4))
        (i32.const %ROOT_WORD%)))
    (i64.store $scratch (i32.add (local.get $to) (i32.const %VTABLE%))
      (call $pair (i32.const %SIZES_WORD%) (local.get $fields)))
    (i64.store $scratch (i32.add (local.get $to) (i32.const %VALUE_WORD_AT%))
      (call $pair (local.get $more) (i32.const %TABLE_WORD%)))
    (i64.store $scratch (i32.add (local.get $to) (i32.const %TIMESTAMP%))
      (i64.trunc_f64_s (local.get $timestamp)))
    (i64.store $scratch (i32.add (local.get $to) (i32.const %KEY%))
      (call $pair
        (i32.sub (local.get $key) (i32.add (local.get $to) (i32.const %KEY%)))
        (i32.const %VALUE_OFFSET%)))
    (i64.store $scratch (i32.add (local.get $to) (i32.const %HEADERS%))
      (call $pair
        (i32.sub (local.get $headers) (i32.add (local.get $to) (i32.const %HEADERS%)))
        (local.get $valueLength))))

  (func $pair (param $low i32) (param $high i32) (result i64)
    (i64.or (i64.extend_i32_u (local.get $low))
      (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 32))))

  ;; Whole milliseconds within ±(2^53 - 1); NaN fails each comparison.
  (func $isTime (param $timestamp f64) (result i32)
    (i32.and
      (f64.eq (f64.trunc (local.get $timestamp)) (local.get $timestamp))
      (f64.le (f64.abs (local.get $timestamp)) (f64.const 9007199254740991))))

  (func $padded (param $bytes i32) (result i32)
    (i32.and (i32.add (local.get $bytes) (i32.const 3)) (i32.const -4)))

  ;; Encodes at the 8-aligned address `to`, no further than `end`, and returns the stored bytes; or 0,
  ;; when the record is not of the kind that is encoded here (what was written does not matter then).
  (func $encode (export "encode")
    (param $key externref) (param $value externref) (param $timestamp f64)
    (param $to i32) (param $end i32) (result i32)
    (local $keyLength i32) (local $valueLength i32) (local $at i32) (local $tail i32) (local $all i32)
    (local.set $keyLength (call $length (local.get $key)))
    (local.set $valueLength (call $length (local.get $value)))
    (if (i32.or
          (i32.gt_u (local.get $keyLength) (i32.const %LONGEST_TEXT%))
          (i32.gt_u (local.get $valueLength) (i32.const %LONGEST_TEXT%)))
      (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $to) (i32.const %VALUE_BYTES%)))
    ;; 16: the key's length word and three paddings of at most 4.
    (if (i32.gt_u
          (i32.add (local.get $at)
            (i32.add (local.get $valueLength) (i32.add (local.get $keyLength) (i32.const 16))))
          (local.get $end))
      (then (return (i32.const 0))))
    (if (i32.eqz (call $isTime (local.get $timestamp)))
      (then (return (i32.const 0))))
    (local.set $all (call $text (local.get $value) (local.get $valueLength) (local.get $at)))
    (local.set $at
      (i32.add (local.get $at) (call $padded (local.get $valueLength))))
    (local.set $tail (local.get $at))
    (i32.store $scratch (local.get $at) (local.get $keyLength))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    ;; An empty key has no word of its own: its padding must not touch the length before it.
    (if (local.get $keyLength)
      (then
        (local.set $all
          (i32.or (local.get $all) (call $text (local.get $key) (local.get $keyLength) (local.get $at)))))
      (else
        (i32.store $scratch (i32.const %KEY_HASH_CELL%) (i32.const %FNV_OFFSET_BASIS%))))
    (if (i32.gt_u (local.get $all) (i32.const 0x7f)) (then (return (i32.const 0))))
    (local.set $at
      (i32.add (local.get $at) (call $padded (local.get $keyLength))))
    (if (i32.and (local.get $at) (i32.const 4))
      (then
        (i32.store $scratch (local.get $at) (i32.const 0))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))))
    (call $head (local.get $to) (local.get $at) (local.get $tail) (local.get $tail)
      (local.get $timestamp) (local.get $valueLength)
      (i32.const %KEY_WORD%) (i32.const %VALUE_FLAG%))
    (i32.sub (local.get $at) (local.get $to)))

  ;; Encodes a record, picks the shard by the key's hash (`mask` is the number of shards less one),
  ;; and appends it through that shard's kernel: the entry `first` + shard of the table. Returns what
  ;; the kernel does, or NOT_ENCODED. The shard is left in its cell.
  (func (export "append")
    (param $key externref) (param $value externref) (param $timestamp f64)
    (param $to i32) (param $end i32)
    (param $first i32) (param $mask i32) (param $producer i32) (param $meta i32)
    (result i32)
    (local $bytes i32) (local $shard i32)
    (local.set $bytes
      (call $encode (local.get $key) (local.get $value) (local.get $timestamp)
        (local.get $to) (local.get $end)))
    (if (i32.eqz (local.get $bytes)) (then (return (i32.const %NOT_ENCODED%))))
    (local.set $shard
      (i32.and (i32.load $scratch (i32.const %KEY_HASH_CELL%)) (local.get $mask)))
    (i32.store $scratch (i32.const %SHARD_CELL%) (local.get $shard))
    (call_indirect $appends (type $append)
      (local.get $producer) (local.get $to) (i32.const 1) (local.get $bytes) (local.get $meta)
      (i32.add (local.get $first) (local.get $shard))))

  ;; Encodes a record at the end of its shard's batch. `table` has an entry for every shard, of 16
  ;; bytes: where the batch ends, its records, the address that it may not reach past, the most
  ;; records. Returns STAGED; or the shard, when its batch has no room; or NOT_ENCODED. `key` is
  ;; written at `temporary` first: it tells the shard.
  (func (export "stage")
    (param $key externref) (param $value externref) (param $timestamp f64)
    (param $temporary i32) (param $table i32) (param $mask i32)
    (result i32)
    (local $keyLength i32) (local $valueLength i32) (local $at i32) (local $tail i32) (local $to i32)
    (local $all i32) (local $shard i32) (local $entry i32) (local $end i32)
    (local.set $keyLength (call $length (local.get $key)))
    (local.set $valueLength (call $length (local.get $value)))
    (if (i32.or
          (i32.or
            (i32.gt_u (local.get $keyLength) (i32.const %LONGEST_TEXT%))
            (i32.gt_u (local.get $valueLength) (i32.const %LONGEST_TEXT%)))
          (i32.eqz (call $isTime (local.get $timestamp))))
      (then (return (i32.const %NOT_ENCODED%))))
    (local.set $all (call $text (local.get $key) (local.get $keyLength) (local.get $temporary)))
    (local.set $shard
      (i32.and (i32.load $scratch (i32.const %KEY_HASH_CELL%)) (local.get $mask)))
    (local.set $entry
      (i32.add (local.get $table) (i32.shl (local.get $shard) (i32.const 4))))
    (local.set $to (i32.load $scratch (local.get $entry)))
    (local.set $tail
      (i32.add (i32.add (local.get $to) (i32.const %VALUE_BYTES%))
        (call $padded (local.get $valueLength))))
    (local.set $end
      (i32.and
        (i32.add (local.get $tail) (i32.add (local.get $keyLength) (i32.const 11)))
        (i32.const -8)))
    (if (i32.or
          (i32.gt_u (local.get $end)
            (i32.load $scratch (i32.add (local.get $entry) (i32.const %BATCH_LIMIT%))))
          (i32.ge_u
            (i32.load $scratch (i32.add (local.get $entry) (i32.const %BATCH_RECORDS%)))
            (i32.load $scratch (i32.add (local.get $entry) (i32.const %BATCH_MOST%)))))
      (then (return (local.get $shard))))
    ;; The padding at the very end; what comes before it may overwrite it.
    (i32.store $scratch (i32.sub (local.get $end) (i32.const 4)) (i32.const 0))
    (if (i32.gt_u
          (i32.or (local.get $all)
            (call $text (local.get $value) (local.get $valueLength)
              (i32.add (local.get $to) (i32.const %VALUE_BYTES%))))
          (i32.const 0x7f))
      (then (return (i32.const %NOT_ENCODED%))))
    (i32.store $scratch (local.get $tail) (local.get $keyLength))
    (local.set $at (local.get $tail))
    (local.set $keyLength (i32.add (local.get $temporary) (local.get $keyLength)))
    (block $copied (loop $words
      (br_if $copied (i32.ge_u (local.get $temporary) (local.get $keyLength)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (i32.store $scratch (local.get $at) (i32.load $scratch (local.get $temporary)))
      (local.set $temporary (i32.add (local.get $temporary) (i32.const 4)))
      (br $words)))
    (call $head (local.get $to) (local.get $end) (local.get $tail) (local.get $tail)
      (local.get $timestamp) (local.get $valueLength)
      (i32.const %KEY_WORD%) (i32.const %VALUE_FLAG%))
    (i32.store $scratch (local.get $entry) (local.get $end))
    (i32.store $scratch (i32.add (local.get $entry) (i32.const %BATCH_RECORDS%))
      (i32.add
        (i32.load $scratch (i32.add (local.get $entry) (i32.const %BATCH_RECORDS%)))
        (i32.const 1)))
    (i32.const %STAGED%))
)
