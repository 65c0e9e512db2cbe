/** A result, column by column. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows as lines, columns in the order of their names, sorted: two lists of the same rows are equal. */
export function sortedLines(rows: readonly Row[]): string[] {
  return rows.map(lineOf).sort();
}

/** A row as text, columns in the order of their names. */
export function lineOf(row: Row): string {
  const columns = Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(columns.map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The last of the rows of each key, given in the order in which they came. */
export function lastOf(rows: readonly Row[], key: readonly string[]): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) last.set(JSON.stringify(key.map(column => row[column])), row);
  return [...last.values()];
}

/** What differs first between rows that were found and those that are right; nothing where they agree. */
export function firstDifference(found: readonly Row[], right: readonly Row[]): string | undefined {
  const [ours, theirs] = [sortedLines(found), sortedLines(right)];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    if (ours[i] === theirs[i]) continue;
    return (
      `${ours.length} rows, should be ${theirs.length}; row ${i} is ${ours[i] ?? 'missing'}, ` +
      `should be ${theirs[i] ?? 'none'}`
    );
  }
  return undefined;
}
