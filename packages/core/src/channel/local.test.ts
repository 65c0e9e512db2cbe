import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scratch } from '../memory/scratch.ts';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import { FRAME } from './channel.ts';
import { LocalChannel } from './local.ts';

const SLOTS = 4;

type Step = 'send' | 'control' | 'read' | 'free' | 'open' | 'shut';

test('what is given at once and what is read come in the order in which they were sent', () => {
  const step = fc.constantFrom<Step>(
    'send',
    'send',
    'send',
    'control',
    'read',
    'free',
    'open',
    'shut',
  );
  const position = fc.constantFrom(0, -3, 2 ** 31 - 2);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), position, (steps, from) => {
      const channel = new LocalChannel(SLOTS, false, from);
      let wanted = false;
      const arrived: unknown[] = [];
      const take = () => arrived.push([channel.key, channel.value, channel.offset]);
      channel.giveTo({ wants: input => wanted && input === 7, given: take }, 7);
      const sent: unknown[] = [];
      const read = () => {
        const frame = channel.next();
        if (frame === FRAME.data) take();
        else if (frame === FRAME.watermark) arrived.push(channel.watermark);
        return frame !== FRAME.none;
      };
      for (const [i, what] of steps.entries()) {
        const waiting = sent.length - arrived.length;
        if (what === 'send') {
          const passes = wanted && waiting === 0;
          const taken = channel.send(`k${i}`, 0, i, 1, 2 * i, 0);
          if (taken) sent.push([`k${i}`, i, 2 * i]);
          // Nothing waits in the ring for what is given past it.
          if (passes) expect(arrived.length).toBe(sent.length);
          expect(taken || waiting > 0 || !passes).toBe(true);
        } else if (what === 'control') {
          if (channel.control(FRAME.watermark, i)) sent.push(i);
        } else if (what === 'read') read();
        else if (what === 'free') channel.free();
        else wanted = what === 'open';
        expect((channel.sent - channel.read) | 0).toBe(sent.length - arrived.length);
      }
      while (read());
      expect(arrived).toEqual(sent);
      expect(channel.ready()).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test('a record that is given is seen through a view of the channel, or of a copy where it may go', () => {
  const memory = scratch();
  const at = memory.alloc(128);
  new RecordWriter({ maxRecordBytes: 128 }).write(memory, at, 128, 'key', 'text', 5, null);
  const sent = new RecordView().wrap(memory, at, 3, 8);
  for (const stays of [true, false]) {
    const channel = new LocalChannel(SLOTS, stays);
    const given: RecordView[] = [];
    const taker = { wants: () => true, given: () => given.push(channel.value as RecordView) };
    channel.giveTo(taker, 0);
    channel.send('k', 0, sent, 5, 8, 0);
    expect(given[0]).not.toBe(sent);
    expect(given[0].memory === memory).toBe(stays);
    expect(given[0].copy()).toEqual(sent.copy());
  }
  memory.free(at, 128);
});
