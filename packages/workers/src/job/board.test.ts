import { expect, test } from 'vitest';
import { Board, createBoard } from './board.ts';

test('what is written in a row is read back, and other rows are left alone', () => {
  const board = new Board(createBoard(3));
  board.write(1, [1, 2 ** 53 - 1, Number.NEGATIVE_INFINITY], 'producer 3 on shard 1');
  expect(board.read(1, 3)).toEqual({
    numbers: [1, 2 ** 53 - 1, Number.NEGATIVE_INFINITY],
    text: 'producer 3 on shard 1',
  });
  expect(board.read(0, 2)).toEqual({ numbers: [0, 0], text: '' });
  expect(board.read(2, 1)).toEqual({ numbers: [0], text: '' });
});

test('a text that is too long for its row is cut at a character', () => {
  const board = new Board(createBoard(2));
  board.write(0, [], 'ä'.repeat(300));
  expect(board.read(0, 0).text).toBe('ä'.repeat(252));
  expect(board.read(1, 1)).toEqual({ numbers: [0], text: '' });
});

test('a row whose writer died while it wrote is shown, and can be written again', () => {
  const memory = createBoard(1);
  const board = new Board(memory);
  board.write(0, [1], 'a');
  new Int32Array(memory)[0] |= 1;
  expect(board.read(0, 1)).toEqual({ numbers: [1], text: 'a' });
  board.write(0, [2], 'b');
  expect(new Int32Array(memory)[0] & 1).toBe(0);
  expect(board.read(0, 1)).toEqual({ numbers: [2], text: 'b' });
});

test('a job without tasks has a board', () => {
  expect(createBoard(0).byteLength).toBeGreaterThan(0);
});
