/** `1234567` → `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** `plural(1, 'line')` → `1 line`, `plural(2000, 'line')` → `2,000 lines`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

const PREFIXES = ['', ' k', ' M', ' G', ' T'] as const;

/** Three significant figures with a decimal prefix: `1234567` → `1.23 M`. */
export function compact(value: number): string {
  return withPrefix(value, 1_000, PREFIXES);
}

/** Events a second: `1.23 M/s`. */
export function rate(events: number, ms: number): string {
  return ms <= 0 ? '–' : `${compact((events * 1_000) / ms)}/s`;
}

/** `1536` → `1.50 KiB`. */
export function bytes(value: number): string {
  return withPrefix(value, 1_024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
}

/** A time that something took, in the unit that reads best: `85 µs`, `1.20 ms`, `3.4 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1) return `${figures(ms * 1_000)} µs`;
  if (ms < 1_000) return `${figures(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `0.034` → `3.4 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function withPrefix(value: number, step: number, prefixes: readonly string[]): string {
  let scaled = value;
  let index = 0;
  // 999.5 would round up to a fourth figure.
  while (Math.abs(scaled) >= step - 0.5 && index < prefixes.length - 1) {
    scaled /= step;
    index++;
  }
  return `${index === 0 ? count(scaled) : figures(scaled)}${prefixes[index]}`;
}

/** Three significant figures, without an exponent. */
function figures(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 || value === 0 ? 0 : size >= 9.995 ? 1 : 2);
}
