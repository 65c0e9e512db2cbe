/**
 * The bytes of a record as our writer lays them out. It is a size-prefixed FlatBuffer of
 * `record.fbs`: any FlatBuffers reader reads it, and our view reads any other legal layout too.
 * What is ours is only that everything up to the value stands at a constant place.
 *
 * ```text
 * byte  field
 *    0  size             u32   bytes that follow this word, padding included
 *    4  root             u32   from here to the table
 *    8  vtable size      u16   12
 *   10  table size       u16   24
 *   12  timestamp field  u16   4
 *   14  key field        u16   12, or 0 without a key
 *   16  value field      u16   16, or 0 without a value
 *   18  headers field    u16   20, or 0 without headers
 *   20  table            i32   from the vtable to here
 *   24  timestamp        i64   8-aligned
 *   32  key              u32   from here to the key's length
 *   36  value            u32   from here to the value's length
 *   40  headers          u32   from here to the number of headers
 *   44  value length     u32
 *   48  value bytes      u8[]  8-aligned
 * ```
 *
 * Then, each padded with zeros to a multiple of 4: the headers (count, one offset each), the vtable
 * of a header, the headers' tables, each followed by its name and value; the key (length, bytes). The
 * whole is padded with zeros to a multiple of 8. Offsets of what is not there are not looked at.
 */
export const SIZE = 0;
export const ROOT = 4;
export const VTABLE = 8;
export const TABLE = 20;
export const TIMESTAMP = 24;
export const KEY = 32;
export const VALUE = 36;
export const HEADERS = 40;
export const VALUE_LENGTH = 44;
export const VALUE_BYTES = 48;

/** A record begins at a multiple of this and its stored size is one. */
export const RECORD_ALIGN = 8;

/** Positions of the fields in a vtable, in bytes: two sizes come first, then the fields by id. */
export const FIELD_TIMESTAMP = 4;
export const FIELD_KEY = 6;
export const FIELD_VALUE = 8;
export const FIELD_HEADERS = 10;

/** The words of our vtable: two 16-bit entries each, the lower address in the lower half. */
const VTABLE_BYTES = TABLE - VTABLE;
const TABLE_BYTES = VALUE_LENGTH - TABLE;
export const ROOT_WORD = TABLE - ROOT;
export const TABLE_WORD = TABLE - VTABLE;
export const SIZES_WORD = VTABLE_BYTES | (TABLE_BYTES << 16);
export const TIMESTAMP_WORD = TIMESTAMP - TABLE;
export const KEY_FLAG = (KEY - TABLE) << 16;
export const VALUE_FLAG = VALUE - TABLE;
export const HEADERS_FLAG = (HEADERS - TABLE) << 16;

/**
 * A header's table, and the vtable that all headers of a record share.
 *
 * ```text
 * byte  field            (vtable)        byte  field          (table)
 *    0  vtable size  u16  8                 0  to the vtable  i32
 *    2  table size   u16  12                4  name           u32  from here to the name's length
 *    4  name field   u16  4                 8  value          u32  from here to the value's length
 *    6  value field  u16  8                12  (end)
 * ```
 */
export const HEADER_VTABLE_BYTES = 8;
export const HEADER_BYTES = 12;
export const HEADER_NAME = 4;
export const HEADER_VALUE = 8;
export const HEADER_SIZES_WORD = HEADER_VTABLE_BYTES | (HEADER_BYTES << 16);
export const HEADER_FIELDS_WORD = HEADER_NAME | (HEADER_VALUE << 16);
export const FIELD_HEADER_NAME = 4;
export const FIELD_HEADER_VALUE = 6;
