import { displayWidth, type Style } from './style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | undefined;
}

const GAP = '  ';

/** Lines of a table with aligned columns, the titles dimmed. Cells are taken as they are. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string[] {
  const widths = columns.map(({ title }, column) =>
    Math.max(displayWidth(title), ...rows.map(row => displayWidth(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, column) => pad(cells[column] ?? '', widths[column], align))
      .join(GAP)
      .trimEnd();
  return [style('dim', line(columns.map(({ title }) => title))), ...rows.map(line)];
}

/** Lines of names and values, the names dimmed and of one width. */
export function facts(entries: readonly (readonly [string, string])[], style: Style): string[] {
  const width = Math.max(0, ...entries.map(([name]) => displayWidth(name)));
  return entries.map(([name, value]) => `${style('dim', name.padEnd(width))}${GAP}${value}`);
}

function pad(cell: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return align === 'right' ? space + cell : cell + space;
}
