import { expect, test } from 'vitest';
import { Answer, Control, ENGINE_STATE } from './control.ts';

test('every thread has a number of its own, whoever hands it out', () => {
  const here = Control.create();
  const there = Control.attach(here.buffer);
  expect([here.nextThread(), there.nextThread(), here.nextThread()]).toEqual([1, 2, 3]);
});

test('letters and the state are seen from everywhere', () => {
  const here = Control.create();
  const there = Control.attach(here.buffer);
  expect(there.state).toBe(ENGINE_STATE.running);
  here.state = ENGINE_STATE.stopped;
  expect(there.state).toBe(ENGINE_STATE.stopped);
  const before = there.letters();
  here.letterPosted();
  expect(there.letters()).not.toBe(before);
});

test('whoever rests is called, and one that was called before does not rest', async () => {
  const control = Control.create();
  const seen = control.calls();
  const called = control.called(seen, 60_000);
  control.look();
  await called;
  await control.called(seen, 60_000);
  await control.called(control.calls(), 1);
});

test.each([
  [0, 'magic'],
  [1, 'version'],
])('memory with another word %i (%s) is refused', word => {
  const { buffer } = Control.create();
  new Int32Array(buffer)[word]++;
  expect(() => Control.attach(buffer)).toThrow(
    expect.objectContaining({ code: 'LAYOUT_MISMATCH' }),
  );
});

test('memory of another length is refused', () => {
  const longer = new SharedArrayBuffer(256);
  new Int32Array(longer).set(new Int32Array(Control.create().buffer));
  expect(() => Control.attach(longer)).toThrow(
    expect.objectContaining({ code: 'LAYOUT_MISMATCH' }),
  );
});

test('an answer that has been given is not waited for', () => {
  const asked = new Answer();
  expect(asked.wait(1)).toBe(false);
  new Answer(asked.buffer).given();
  expect(asked.wait(60_000)).toBe(true);
});
