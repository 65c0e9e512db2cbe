// Three failed logins within a minute raise an alarm; a minute without another one ends it.

import { json, listState, pipeline, valueState } from 'lite-streams';

export interface Login {
  readonly user: string;
  readonly at: number;
  readonly ok: boolean;
}

export interface Alert {
  readonly user: string;
  readonly kind: 'alarm' | 'over';
  readonly failed: number;
}

const MINUTE = 60_000;

export default pipeline('alerts')
  .from('logins', json<Login>(), { timestamp: login => login.at })
  .filter(login => !login.ok)
  .keyBy(login => login.user)
  .process({
    state: {
      /** Times of failed logins; each is forgotten after a minute of event time. */
      failed: listState<number>({ ttl: '1m' }),
      /** How many there have been since the alarm; 0: there is none. */
      sinceAlarm: valueState(0),
      /** When the alarm is over, by the clock. */
      overAt: valueState(0),
    },
    onRecord({ user, at }, { state, timers, now }): Alert | undefined {
      state.failed.add(at);
      const alarmed = state.sinceAlarm.get();
      if (alarmed === 0 && state.failed.length < 3) return undefined;
      timers.delete(state.overAt.get(), 'processing');
      state.overAt.set(now() + MINUTE);
      timers.set(state.overAt.get(), 'processing');
      state.sinceAlarm.set(alarmed === 0 ? state.failed.length : alarmed + 1);
      return alarmed === 0 ? { user, kind: 'alarm', failed: state.failed.length } : undefined;
    },
    onTimer(_timer, { key, state }): Alert {
      const failed = state.sinceAlarm.get();
      state.sinceAlarm.clear();
      state.overAt.clear();
      return { user: key, kind: 'over', failed };
    },
  })
  .to('alerts', json<Alert>());
