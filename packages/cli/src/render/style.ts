import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Gives text a colour or weight, or leaves it plain, as one stream wants it. */
export type Style = (format: Format, text: string) => string;

/** Colours on a terminal; none into files and pipes, or where `NO_COLOR` is set. */
export function styleFor(stream: NodeJS.WriteStream): Style {
  return (format, text) => styleText(format, text, { stream, validateStream: true });
}

/** How many columns text takes, styles aside. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const _ of stripVTControlCharacters(text)) width++;
  return width;
}

/**
 * Text of somebody else's data, safe to show: control characters, which could move the cursor or
 * recolour the terminal, become visible escapes.
 */
export function visible(text: string): string {
  let safe = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    safe += control ? `\\x${code.toString(16).padStart(2, '0')}` : character;
  }
  return safe;
}

/** The text, or its beginning (plain) and an ellipsis when it takes more than `columns`. */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const plain = [...stripVTControlCharacters(text)];
  return `${plain.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
