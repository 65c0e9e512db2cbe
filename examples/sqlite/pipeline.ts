// Revenue per product and minute, into tables of SQLite.

import { DatabaseSync } from 'node:sqlite';
import { json, pipeline, sum, tumbling } from 'lite-streams';

export interface Order {
  readonly product: string;
  readonly at: number;
  readonly cents: number;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS revenue (product TEXT, minute INTEGER, cents INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS taken (writer TEXT PRIMARY KEY, token TEXT) STRICT;`;

export default pipeline('revenue', { checkpoint: { every: '100ms' } })
  .from('orders', json<Order>(), { timestamp: order => order.at })
  .keyBy(order => order.product)
  .window(tumbling('1m'))
  .aggregate({ cents: sum((order: Order) => order.cents) })
  .deliver('sqlite', {
    open() {
      const database = new DatabaseSync(process.env.DATABASE as string, { timeout: 5_000 });
      database.exec(TABLES);
      return database;
    },
    // One transaction for the results and their token: a batch that comes again is known by it.
    write(results, { connection: database, token }) {
      database.exec('BEGIN IMMEDIATE');
      const last = database.prepare('SELECT token FROM taken WHERE writer = ?').get(token.writer);
      if (token.isAfter(last?.token as string | undefined)) {
        const insert = database.prepare('INSERT INTO revenue VALUES (?, ?, ?)');
        for (const { key = '', timestamp, value } of results) {
          insert.run(key, Math.floor(timestamp / 60_000), value.cents);
        }
        database
          .prepare('INSERT OR REPLACE INTO taken VALUES (?, ?)')
          .run(token.writer, token.text);
      }
      database.exec('COMMIT');
    },
    close: database => database.close(),
  });
