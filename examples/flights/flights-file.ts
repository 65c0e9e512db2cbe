import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { type FileMetaData, type ParquetScan, parquetMetadata, parquetScan } from 'hyparquet';

/** Rows `[rowStart, rowEnd)` of the file, all in one row group. */
export interface RowRange {
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** Rows as columns; only those that somebody asks for are read. */
export interface FlightColumns {
  /** Milliseconds since 1970 by the airport's own clock. */
  readonly date: readonly number[];
  readonly origin: readonly string[];
  /** Minutes. */
  readonly delay: readonly bigint[];
}

type ColumnName = keyof FlightColumns;

const COLUMNS: ColumnName[] = ['date', 'origin', 'delay'];

/**
 * The 3,000,000 US flights of 2001 that come with the package `vega-datasets`, in the order of their
 * dates. No column that is read here has a NULL; the reader refuses a file that has one.
 */
export class FlightsFile {
  readonly rows: number;
  private readonly scan: ParquetScan;

  static async open(): Promise<FlightsFile> {
    const manifest = findPackageJSON('vega-datasets', import.meta.url);
    if (manifest === undefined) throw new Error('The package vega-datasets is not installed.');
    const bytes = readFileSync(join(dirname(manifest), 'data', 'flights-3m.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const metadata = parquetMetadata(file);
    refuseNulls(metadata);
    const scan = await parquetScan({
      file,
      metadata,
      columns: COLUMNS,
      compressors: { ZSTD: input => zstdDecompressSync(input) },
      // Dates without a time zone: their milliseconds are all that is needed of them.
      parsers: { timestampFromMicroseconds: micros => Number(micros / 1_000n) },
      // Whole columns of a row group are one page here, so an index of pages would not help.
      useOffsetIndex: false,
    });
    return new FlightsFile(Number(metadata.num_rows), scan);
  }

  private constructor(rows: number, scan: ParquetScan) {
    this.rows = rows;
    this.scan = scan;
  }

  /**
   * Cuts the first `limit` rows into ranges in file order, at least `parts` of them where there are
   * as many rows: the row groups, or equal parts of each.
   */
  ranges(limit: number, parts: number): RowRange[] {
    const groups = this.scan.ranges
      .filter(({ rowStart }) => rowStart < limit)
      .map(({ rowStart, rowEnd }) => ({ rowStart, rowEnd: Math.min(rowEnd, limit) }));
    const perGroup = Math.ceil(parts / Math.max(1, groups.length));
    return groups.flatMap(({ rowStart, rowEnd }) => {
      const rows = Math.max(1, Math.ceil((rowEnd - rowStart) / perGroup));
      return Array.from({ length: Math.ceil((rowEnd - rowStart) / rows) }, (_, part) => ({
        rowStart: rowStart + part * rows,
        rowEnd: Math.min(rowEnd, rowStart + (part + 1) * rows),
      }));
    });
  }

  async read(range: RowRange): Promise<FlightColumns> {
    const read = (column: ColumnName) => this.scan.readColumn({ column, ...range });
    const [date, origin, delay] = await Promise.all(COLUMNS.map(read));
    return { date, origin, delay } as unknown as FlightColumns;
  }
}

function refuseNulls(metadata: FileMetaData): void {
  for (const group of metadata.row_groups) {
    for (const { meta_data: column } of group.columns) {
      const name = column?.path_in_schema.join('.') as ColumnName;
      if (!COLUMNS.includes(name)) continue;
      if (column?.statistics?.null_count !== 0n) {
        throw new Error(`The column ${name} of the flights has, or may have, a NULL.`);
      }
    }
  }
}
