import { json, pipeline, valueState } from '@lite-streams/core';

export interface Seen {
  readonly k: string;
  readonly n: number;
  readonly isWhole: boolean;
}

/** How often a key has come, and enough beside it to make the state of each key group large. */
export default pipeline('large-state', { checkpoint: { every: '1h' } })
  .from('in', json<{ k: string }>())
  .keyBy(({ k }) => k)
  .process({
    state: { n: valueState(0), ballast: valueState('') },
    onRecord({ k }, { state }): Seen {
      const ballast = k.repeat(300);
      const isWhole = state.n.get() === 0 || state.ballast.get() === ballast;
      state.n.set(state.n.get() + 1);
      state.ballast.set(ballast);
      return { k, n: state.n.get(), isWhole };
    },
  })
  .to('out', json());
