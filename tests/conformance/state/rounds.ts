// A step with all that `process` has: what is paid into accounts, in rounds that a timer ends.
import {
  boundedOutOfOrderness,
  json,
  listState,
  mapState,
  pipeline,
  valueState,
} from '@lite-streams/core';

export interface Payment {
  readonly account: string;
  readonly from: string;
  readonly at: number;
  readonly amount: number;
}

export interface Round {
  readonly account: string;
  readonly ends: number;
  readonly sum: number;
  readonly byPayer: readonly (readonly [string, number])[];
  readonly times: readonly number[];
}

export const ROUND = 100;
/** No payment comes further behind the newest. */
export const DISORDER = 40;

export default pipeline('rounds')
  .from('payments', json<Payment>(), {
    timestamp: ({ at }) => at,
    watermark: boundedOutOfOrderness(DISORDER),
  })
  .keyBy(({ account }) => account)
  .dedupe({ within: 5, by: ({ from, amount }) => `${from} ${amount}` })
  .process({
    state: {
      sums: mapState<number, number>(),
      payers: mapState<string, number>(),
      times: listState<number>(),
      refused: valueState(0),
    },
    onRecord({ from, at, amount }, { state, timers }) {
      if (amount < 0) {
        state.refused.set(state.refused.get() + 1);
        throw new Error('nobody pays less than nothing');
      }
      const ends = Math.floor(at / ROUND) * ROUND + ROUND;
      timers.set(ends - 1);
      state.sums.set(ends, (state.sums.get(ends) ?? 0) + amount);
      state.payers.set(`${ends} ${from}`, (state.payers.get(`${ends} ${from}`) ?? 0) + amount);
      state.times.add(at);
    },
    onTimer({ timestamp }, { key, state }): Round {
      const ends = timestamp + 1;
      const sum = state.sums.get(ends) ?? 0;
      const mine = state.payers.entries().filter(([name]) => name.startsWith(`${ends} `));
      const times = state.times.get().filter(at => at < ends);
      state.sums.delete(ends);
      for (const [name] of mine) state.payers.delete(name);
      state.times.set(state.times.get().filter(at => at >= ends));
      return {
        account: key,
        ends,
        sum: sum + state.refused.get(),
        byPayer: mine.map(([name, paid]) => [name.split(' ')[1], paid] as const).sort(),
        times: times.toSorted((one, other) => one - other),
      };
    },
  })
  .to('rounds', json<Round>());
