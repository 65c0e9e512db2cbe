// A timer by the clock, which has to fire without any further record.
import { json, pipeline, valueState } from '@lite-streams/core';

export default pipeline('alarms')
  .from('events', json<string>())
  .keyBy(event => event)
  .process({
    state: { setAt: valueState(0) },
    onRecord(_event, { timers, now, state }) {
      const at = now();
      state.setAt.set(at);
      timers.set(at + 20, 'processing');
    },
    onTimer: ({ timestamp, kind }, { key, now, state }) => ({
      key,
      kind,
      early: now() < timestamp,
      after: timestamp - state.setAt.get(),
    }),
  })
  .to('alarms', json());
