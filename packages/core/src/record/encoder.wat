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

  ;; Writes a text at `to`, its last word padded with zeros; returns all characters, or'ed together.
  ;; The hash of the last text written is left in its cell.
  (func $text (param $text externref) (param $length i32) (param $to i32) (result i32)
    (local $i i32) (local $code i32) (local $all i32) (local $hash i32)
    (local.set $hash (i32.const %FNV_OFFSET_BASIS%))
    (i32.store $scratch
      (i32.and (i32.add (local.get $to) (i32.sub (local.get $length) (i32.const 1))) (i32.const -4))
      (i32.const 0))
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
      (local.set $code (call $charCodeAt (local.get $text) (local.get $i)))
      (local.set $all (i32.or (local.get $all) (local.get $code)))
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (local.get $code)) (i32.const %FNV_PRIME%)))
      (i32.store8 $scratch (i32.add (local.get $to) (local.get $i)) (local.get $code))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $more)))
    (i32.store $scratch (i32.const %KEY_HASH_CELL%) (local.get $hash))
    (local.get $all))

  ;; Encodes at the 8-aligned address `to`, no further than `end`, and returns the stored bytes; or 0,
  ;; when the record is not of the kind that is encoded here (what was written does not matter then).
  (func $encode (export "encode")
    (param $key externref) (param $value externref) (param $timestamp f64)
    (param $to i32) (param $end i32) (result i32)
    (local $keyLength i32) (local $valueLength i32) (local $at i32) (local $all i32)
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
    ;; Whole milliseconds within ±(2^53 - 1); NaN fails each comparison.
    (if (i32.eqz
          (i32.and
            (f64.eq (f64.trunc (local.get $timestamp)) (local.get $timestamp))
            (f64.le (f64.abs (local.get $timestamp)) (f64.const 9007199254740991))))
      (then (return (i32.const 0))))
    (local.set $all (call $text (local.get $value) (local.get $valueLength) (local.get $at)))
    (local.set $at
      (i32.add (local.get $at) (i32.and (i32.add (local.get $valueLength) (i32.const 3)) (i32.const -4))))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %HEADERS%))
      (i32.sub (local.get $at) (i32.add (local.get $to) (i32.const %HEADERS%))))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %KEY%))
      (i32.sub (local.get $at) (i32.add (local.get $to) (i32.const %KEY%))))
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
      (i32.add (local.get $at) (i32.and (i32.add (local.get $keyLength) (i32.const 3)) (i32.const -4))))
    (if (i32.and (local.get $at) (i32.const 4))
      (then
        (i32.store $scratch (local.get $at) (i32.const 0))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %SIZE%))
      (i32.sub (i32.sub (local.get $at) (local.get $to)) (i32.const 4)))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %ROOT%)) (i32.const %ROOT_WORD%))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %VTABLE%)) (i32.const %SIZES_WORD%))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %KEY_WORD_AT%)) (i32.const %KEY_WORD%))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %VALUE_WORD_AT%)) (i32.const %VALUE_FLAG%))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %TABLE%)) (i32.const %TABLE_WORD%))
    (i64.store $scratch (i32.add (local.get $to) (i32.const %TIMESTAMP%))
      (i64.trunc_f64_s (local.get $timestamp)))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %VALUE%)) (i32.const %VALUE_OFFSET%))
    (i32.store $scratch (i32.add (local.get $to) (i32.const %VALUE_LENGTH%)) (local.get $valueLength))
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
)
