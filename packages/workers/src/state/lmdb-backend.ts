import { mkdirSync, rmSync } from 'node:fs';
import {
  type Key,
  type ListTable,
  type MapTable,
  type StateBackend,
  StreamError,
  type ValueTable,
} from '@lite-streams/core';
import {
  fail,
  type RowStore,
  type StoredList,
  StoredLists,
  type StoredMap,
  StoredMaps,
  StoredValues,
  ValueReader,
  ValueWriter,
} from '@lite-streams/core/internal';
import type { Database, RootDatabaseOptionsWithPath } from 'lmdb';
import { CachedRows, type RowFile } from './cached-rows.ts';

/** What is used of the package. */
export interface Lmdb {
  open(options: RootDatabaseOptionsWithPath): Database<Buffer, Buffer>;
}

/** The package, where it is installed. Throws `STATE_BACKEND_MISSING`. */
export async function loadLmdb(
  load: () => Promise<Lmdb> = () => import('lmdb') as unknown as Promise<Lmdb>,
): Promise<Lmdb> {
  try {
    return await load();
  } catch (cause) {
    throw new StreamError(
      'STATE_BACKEND_MISSING',
      `stateBackend is "lmdb", and the package lmdb cannot be loaded (npm install lmdb): ${cause}`,
      { cause },
    );
  }
}

/** Rows of a generation of the cache, of which a table has two. */
const CACHED_ROWS = 8_192;
/** lmdb takes keys of 1,978 bytes; a table's number, and the kind of the key, stand before it. */
const LONGEST_KEY = 1_976;

const TEXT = 0;
const NUMBER = 1;

/**
 * The keyed state of one step in one task, in files of its own. They are a place and no memory: they begin
 * empty, are not synced to disk, and go with the task. A key's map or list is read and written whole.
 */
export class LmdbBackend implements StateBackend {
  private readonly path: string;
  private readonly cachedRows: number;
  private readonly database: Database<Buffer, Buffer>;
  private readonly writer = new ValueWriter();
  private tables = 0;

  constructor(lmdb: Lmdb, path: string, cachedRows: number = CACHED_ROWS) {
    this.path = path;
    this.cachedRows = cachedRows;
    mkdirSync(path, { recursive: true });
    this.database = guarded(() =>
      lmdb.open({ path, noSync: true, encoding: 'binary', keyEncoding: 'binary' }),
    );
  }

  values(): ValueTable {
    return new StoredValues(
      this.rows(
        row => row,
        row => row,
      ),
      this.check,
    );
  }

  maps(): MapTable {
    const rows = this.rows<StoredMap>(
      map => map,
      map => map as StoredMap,
    );
    return new StoredMaps(rows, this.check);
  }

  lists(): ListTable {
    const rows = this.rows<StoredList>(
      list => list.rows,
      list => ({ rows: list as unknown[], shared: false }),
    );
    return new StoredLists(rows, this.check);
  }

  close(): void {
    const { database, path } = this;
    void database.close().then(() => rmSync(path, { recursive: true, force: true }));
  }

  private rows<V>(plain: (value: V) => unknown, made: (plain: unknown) => V): RowStore<V> {
    const file = new LmdbRows(this.database, this.tables++, this.writer, plain, made);
    return new CachedRows(file, this.cachedRows);
  }

  /** A value that no file takes is an error of the call that sets it, and not of a later one. */
  private readonly check = (row: unknown): void => {
    this.writer.write(row);
    this.writer.take();
  };
}

class LmdbRows<V> implements RowFile<V> {
  private readonly database: Database<Buffer, Buffer>;
  private readonly table: number;
  private readonly writer: ValueWriter;
  private readonly plain: (value: V) => unknown;
  private readonly made: (plain: unknown) => V;
  private readonly reader = new ValueReader();
  private readonly key = Buffer.alloc(LONGEST_KEY + 2);

  constructor(
    database: Database<Buffer, Buffer>,
    table: number,
    writer: ValueWriter,
    plain: (value: V) => unknown,
    made: (plain: unknown) => V,
  ) {
    this.database = database;
    this.table = table;
    this.writer = writer;
    this.plain = plain;
    this.made = made;
  }

  read(key: Key): V | undefined {
    const name = this.nameOf(key);
    const bytes = guarded(() => this.database.getBinary(name));
    return bytes === undefined ? undefined : this.decode(bytes);
  }

  write(rows: Iterable<readonly [Key, V | undefined]>): void {
    const { database, writer } = this;
    guarded(() =>
      database.transactionSync(() => {
        for (const [key, value] of rows) {
          const name = this.nameOf(key);
          if (value === undefined) {
            database.removeSync(name);
            continue;
          }
          writer.write(this.plain(value));
          const bytes = writer.take();
          database.putSync(name, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
        }
      }),
    );
    // What was written is to be seen by the reads that follow in this turn.
    database.resetReadTxn?.();
  }

  page(after: Key | undefined, limit: number): readonly (readonly [Key, V])[] {
    const start = after === undefined ? Buffer.of(this.table) : Buffer.from(this.nameOf(after));
    const end = Buffer.of(this.table + 1);
    // The one that a page begins after is in the range.
    const more = after === undefined ? 0 : 1;
    return guarded(() => {
      const found = Array.from(this.database.getRange({ start, end, limit: limit + more }));
      const isThere = more > 0 && found.length > 0 && found[0].key.equals(start);
      const rows = isThere ? found.slice(1) : found.slice(0, limit);
      return rows.map(({ key, value }) => [keyOf(key), this.decode(value)] as const);
    });
  }

  /** Void with the next. */
  private nameOf(key: Key): Buffer {
    const { key: name } = this;
    name[0] = this.table;
    name[1] = typeof key === 'number' ? NUMBER : TEXT;
    const text = String(key);
    if (Buffer.byteLength(text) > LONGEST_KEY) {
      fail('INVALID_KEY', `A key of ${Buffer.byteLength(text)} bytes; lmdb takes ${LONGEST_KEY}.`);
    }
    return name.subarray(0, 2 + name.write(text, 2));
  }

  /** A copy: what lmdb returns is its own memory, or stands at any address. */
  private decode(bytes: Uint8Array): V {
    return this.made(this.reader.open(Uint8Array.from(bytes)).read());
  }
}

function keyOf(name: Uint8Array): Key {
  const text = Buffer.from(name.buffer, name.byteOffset + 2, name.length - 2).toString();
  return name[1] === NUMBER ? Number(text) : text;
}

/** Whatever lmdb throws stops the pipeline: it is no fault of a record. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    throw new StreamError('STATE_FAILED', `lmdb failed: ${cause}`, { cause });
  }
}
