import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Generator } from '../generator/generator.ts';
import { SIDE_KEYS } from '../sources.ts';
import { SQL } from './queries.ts';
import type { Row } from './rows.ts';

const TABLES = {
  bids: {
    n: 'INTEGER',
    auction: 'INTEGER',
    bidder: 'INTEGER',
    price: 'INTEGER',
    channel: 'VARCHAR',
    url: 'VARCHAR',
    dateTime: 'BIGINT',
    extra: 'VARCHAR',
  },
  auctions: {
    n: 'INTEGER',
    id: 'INTEGER',
    itemName: 'VARCHAR',
    description: 'VARCHAR',
    initialBid: 'INTEGER',
    reserve: 'INTEGER',
    dateTime: 'BIGINT',
    expires: 'BIGINT',
    seller: 'INTEGER',
    category: 'INTEGER',
    extra: 'VARCHAR',
  },
  persons: {
    n: 'INTEGER',
    id: 'INTEGER',
    name: 'VARCHAR',
    emailAddress: 'VARCHAR',
    creditCard: 'VARCHAR',
    city: 'VARCHAR',
    state: 'VARCHAR',
    dateTime: 'BIGINT',
    extra: 'VARCHAR',
  },
} as const;

type TableName = keyof typeof TABLES;
const TABLE_OF = { bid: 'bids', auction: 'auctions', person: 'persons' } as const;

/** What DuckDB makes of the first events of a generator. */
export class Oracle {
  private readonly instance: DuckDBInstance;
  private readonly connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.instance = instance;
    this.connection = connection;
  }

  /** What has been made in a file. */
  static async open(file: string): Promise<Oracle> {
    const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    return new Oracle(instance, await instance.connect());
  }

  /** Over the events 0 to `count` − 1, in memory or in a file that there is not yet. */
  static async of(events: Generator, count: number, file = ':memory:'): Promise<Oracle> {
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    const appenders = new Map<TableName, Appender>();
    for (const [name, columns] of Object.entries(TABLES) as [TableName, Columns][]) {
      const list = Object.entries(columns).map(([column, type]) => `"${column}" ${type}`);
      await connection.run(`CREATE TABLE ${name} (${list.join(', ')})`);
      appenders.set(name, { into: await connection.createAppender(name), columns });
    }
    for (let n = 0; n < count; n++) {
      const kind = events.kindOf(n);
      append(appenders.get(TABLE_OF[kind]) as Appender, { ...events[kind](n) });
    }
    for (const { into } of appenders.values()) into.closeSync();
    await connection.run(
      `CREATE TABLE side AS SELECT i::INTEGER AS key, 'side-' || i AS value FROM range(${SIDE_KEYS}) r(i)`,
    );
    return new Oracle(instance, connection);
  }

  async rows(query: string): Promise<Row[]> {
    const result = await this.connection.runAndReadAll(SQL[query]);
    return result.getRowObjectsJS();
  }

  /** The rows one by one: for more than memory holds. */
  async each(query: string, seen: (row: Row) => void): Promise<void> {
    const result = await this.connection.stream(SQL[query]);
    for await (const rows of result.yieldRowObjectJs()) for (const row of rows) seen(row);
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

type Columns = Readonly<Record<string, 'INTEGER' | 'BIGINT' | 'VARCHAR'>>;

interface Appender {
  readonly into: Awaited<ReturnType<DuckDBConnection['createAppender']>>;
  readonly columns: Columns;
}

function append({ into, columns }: Appender, row: Row): void {
  for (const [column, type] of Object.entries(columns)) {
    const value = row[column];
    if (type === 'VARCHAR') into.appendVarchar(value as string);
    else if (type === 'BIGINT') into.appendBigInt(BigInt(value as number));
    else into.appendInteger(value as number);
  }
  into.endRow();
}
