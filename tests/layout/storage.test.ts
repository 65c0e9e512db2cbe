import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ENTRY,
  FRAME,
  SEGMENT,
  SEGMENT_HEADER_BYTES,
} from '../../packages/workers/src/storage/frame-layout.ts';
import { MARK } from '../../packages/workers/src/storage/marks.ts';
import { INDEX } from '../../packages/workers/src/storage/segment-index.ts';

const root = new URL('../../', import.meta.url);
const document = readFileSync(new URL('docs/storage.md', root), 'utf8');
const sources = ['frame-layout.ts', 'marks.ts', 'segment-index.ts']
  .map(name => readFileSync(new URL(`packages/workers/src/storage/${name}`, root), 'utf8'))
  .join('\n');

/** `firstOffset` for `first offset`. */
function named(words: string): string {
  return words.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The rows of the table headed `title`: field and byte. */
function fromDocument(title: string): Record<string, number> {
  const [, body = ''] = document.split(`| byte | ${title} |`);
  const rows = body.split('\n\n')[0].matchAll(/^\| (\d+) \| ([^|]+) \|/gm);
  return Object.fromEntries([...rows].map(([, byte, name]) => [named(name), Number(byte)]));
}

function fromSource(title: string): Record<string, number> {
  const [, body = ''] = sources.split(` * byte  ${title}\n`);
  const rows = body.split('```')[0].matchAll(/^ \* +(\d+) {2}(\S+(?: \S+)*)/gm);
  return Object.fromEntries(
    [...rows].map(([, byte, name]) => [named(name.replace(/:.*/, '')), Number(byte)]),
  );
}

const { reserved, ...frame } = FRAME;
const tables: [string, Record<string, number>][] = [
  ['segment header', { ...SEGMENT, theFirstFrame: SEGMENT_HEADER_BYTES }],
  ['frame', frame],
  ['entry', ENTRY],
];

describe('the tables of the format', () => {
  test.each([...tables, ['mark', MARK], ['index', INDEX]] as const)(
    'of a %s in the document',
    (title, layout) => {
      expect(fromDocument(title)).toEqual(layout);
    },
  );

  test.each([...tables, ['index', INDEX]] as const)('of a %s in the source', (title, layout) => {
    const { '(zeros)': _, ...rows } = fromSource(title);
    expect(rows).toEqual(layout);
  });

  test('of a mark in the source', () => {
    const { '(zeros)': _, theSecondSector, ...rows } = fromSource('sector');
    expect(rows).toEqual(MARK);
    expect(theSecondSector).toBe(512);
  });

  test('what is reserved is zeros', () => {
    expect(reserved).toBe(84);
  });
});
