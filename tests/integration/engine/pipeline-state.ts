// All that has to come back after the death of a processor: state of every kind, timers, and calls under way.
import {
  boundedOutOfOrderness,
  json,
  listState,
  mapState,
  pipeline,
  valueState,
} from '@lite-streams/core';

interface Reading {
  readonly k: string;
  readonly t: number;
}

/** Timestamps of one key and round are summed, and handed on when the round is over. */
const ROUND = 100;

export default pipeline('rounds', { checkpoint: { every: '50ms' } })
  .from('in', json<Reading>(), {
    timestamp: ({ t }) => t,
    watermark: boundedOutOfOrderness('10ms'),
  })
  .keyBy(({ k }) => k)
  .process({
    state: {
      seen: valueState(0),
      sums: mapState<number, number>(),
      times: listState<number>(),
    },
    onRecord({ t }, { state, timers }) {
      const start = t - (t % ROUND);
      state.seen.set(state.seen.get() + 1);
      state.sums.set(start, (state.sums.get(start) ?? 0) + t);
      state.times.add(t);
      timers.set(start + ROUND - 1);
    },
    onTimer({ timestamp }, { key, state }) {
      const start = timestamp + 1 - ROUND;
      const sum = state.sums.get(start);
      const times = state.times.get().filter(t => t < start + ROUND);
      state.sums.delete(start);
      state.times.set(state.times.get().filter(t => t >= start + ROUND));
      return { key, start, sum, n: times.length };
    },
  })
  .mapAsync(
    async round => {
      await new Promise(resolve => setTimeout(resolve, round.start % 3));
      return round;
    },
    { concurrency: 4, ordered: false },
  )
  .to('out', json());
