import { StreamError } from '@lite-streams/core';
import { expect, test } from 'vitest';
import { asStreamError, fromFailure, toFailure } from './failure.ts';

function across(error: unknown): Error {
  return fromFailure(structuredClone(toFailure(error)));
}

test('an error of ours crosses with its code, its stack and its causes', () => {
  const cause = new RangeError('deep', { cause: new TypeError('deeper') });
  const error = new StreamError('STATE_LOST', 'gone', { cause });
  const crossed = across(error);
  expect(crossed).toBeInstanceOf(StreamError);
  expect(crossed).toMatchObject({ code: 'STATE_LOST', message: 'gone', stack: error.stack });
  expect(crossed.cause).toMatchObject({ name: 'RangeError', message: 'deep' });
  expect((crossed.cause as Error).cause).toMatchObject({ name: 'TypeError', message: 'deeper' });
});

test('what was thrown and is no error crosses as the text that it makes', () => {
  expect(across('just text')).toMatchObject({ name: 'Error', message: 'just text' });
  expect(across(undefined)).toMatchObject({ message: 'undefined' });
});

test('errors that cause one another in a circle come to an end', () => {
  const error = new Error('round');
  error.cause = error;
  let depth = 0;
  for (let at: unknown = across(error); at instanceof Error; at = at.cause) depth++;
  expect(depth).toBeGreaterThan(1);
  expect(depth).toBeLessThan(20);
});

test('a code of another version of the package is left out', () => {
  const failure = { ...toFailure(new StreamError('CLOSED', 'x')), code: 'NOT_YET' as 'CLOSED' };
  expect(fromFailure(failure)).not.toBeInstanceOf(StreamError);
});

test('an error without a code becomes the cause of one that has one', () => {
  const plain = new Error('plain');
  expect(asStreamError(plain, 'THREAD_FAILED', 'it failed')).toMatchObject({
    code: 'THREAD_FAILED',
    message: 'it failed',
    cause: plain,
  });
  const ours = new StreamError('CLOSED', 'x');
  expect(asStreamError(ours, 'THREAD_FAILED', 'it failed')).toBe(ours);
});
