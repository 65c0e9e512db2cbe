import { count } from './numbers.ts';
import { type Style, visible } from './style.ts';

export interface WindowRow {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  readonly values: readonly string[];
}

const KEY_COLUMNS = 12;
const COUNT_COLUMNS = 9;
const VALUE_COLUMNS = 24;

/** Results of windows as rows that come one by one: columns have widths that suit most. */
export class WindowRows {
  private readonly style: Style;
  private titled = false;

  constructor(style: Style) {
    this.style = style;
  }

  linesOf(row: WindowRow): string[] {
    const { style } = this;
    const start = new Date(row.start).toISOString();
    const key = visible(row.key).padEnd(KEY_COLUMNS);
    const number = count(row.count).padStart(COUNT_COLUMNS);
    const values = row.values.map(value => shortened(visible(value))).join(style('dim', ' · '));
    const more = row.count > row.values.length ? style('dim', ' …') : '';
    const line = `${start}  ${key}  ${number}  ${values}${more}`;
    if (this.titled) return [line];
    this.titled = true;
    const title =
      `${'window from'.padEnd(start.length)}  ${'key'.padEnd(KEY_COLUMNS)}  ` +
      `${'count'.padStart(COUNT_COLUMNS)}  values`;
    return [style('dim', title), line];
  }
}

function shortened(text: string): string {
  return text.length <= VALUE_COLUMNS ? text : `${text.slice(0, VALUE_COLUMNS - 1)}…`;
}
