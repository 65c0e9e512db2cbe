import { describe, expect, test } from 'vitest';
import { clip, displayWidth, visible } from './style.ts';
import { facts, table } from './table.ts';

const plain = (_: unknown, text: string): string => text;
const marked = (_: unknown, text: string): string => `\u001b[2m${text}\u001b[22m`;

describe('tables', () => {
  test('columns are as wide as their widest cell, styles aside', () => {
    const columns = [{ title: 'key' }, { title: 'n', align: 'right' }] as const;
    expect(
      table(
        columns,
        [
          ['a', '1,000'],
          [marked('', 'long key'), '2'],
        ],
        plain,
      ),
    ).toEqual(['key           n', 'a         1,000', `${marked('', 'long key')}      2`]);
  });

  test('facts line up', () => {
    const lines = facts(
      [
        ['a', '1'],
        ['longer', '2'],
      ],
      plain,
    );
    expect(lines).toEqual(['a       1', 'longer  2']);
  });

  test('other people’s text cannot move the cursor or recolour the terminal', () => {
    expect(visible('a\u001b[2Jb\r\n\u009b1m')).toBe('a\\x1b[2Jb\\x0d\\x0a\\x9b1m');
    expect(visible('grüße 🚀')).toBe('grüße 🚀');
  });

  test('a line is clipped to the terminal by what shows of it', () => {
    expect(clip('12345', 5)).toBe('12345');
    expect(clip('123456', 5)).toBe('1234…');
    expect(clip(marked('', '12345'), 5)).toBe(marked('', '12345'));
    expect(clip(marked('', '123456'), 5)).toBe('1234…');
    expect(displayWidth(marked('', '🚀b'))).toBe(2);
  });
});
