import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Place } from '../disk/place.ts';
import type { Measurable } from '../runner/measurable.ts';
import { type Batch, onDisk, type PeerLog, VALUE_BYTES } from './on-disk.ts';

/** SQLite, as Node.js brings it: a write-ahead log, flushed at the end of every transaction. */
export default (): Measurable => onDisk('sqlite-disk', new SqliteLog());

class SqliteLog implements PeerLog {
  /** SQLite has one writer. */
  readonly lanes = 1;
  readonly batchSizes = [1_000, 10_000, 50_000];
  private readonly place = new Place();
  private readonly database: DatabaseSync;
  private readonly insert: StatementSync;
  private readonly value = Buffer.alloc(VALUE_BYTES, 0x5a);

  constructor() {
    this.database = new DatabaseSync(join(this.place.path, 'records.db'));
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.database.exec('CREATE TABLE records (id INTEGER PRIMARY KEY, value BLOB NOT NULL)');
    this.insert = this.database.prepare('INSERT INTO records (value) VALUES (?)');
  }

  async append(_lane: number, { first, count }: Batch): Promise<void> {
    this.database.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < count; i++) {
      this.value.writeInt32LE(first + i);
      this.insert.run(this.value);
    }
    this.database.exec('COMMIT');
  }

  async readBack(see: (value: Uint8Array) => void): Promise<void> {
    const rows = this.database.prepare('SELECT value FROM records ORDER BY id').iterate();
    for (const { value } of rows) see(value as Uint8Array);
  }

  async clear(): Promise<void> {
    this.database.exec('DELETE FROM records; PRAGMA wal_checkpoint(TRUNCATE)');
  }

  async close(): Promise<void> {
    this.database.close();
    this.place.remove();
  }
}
