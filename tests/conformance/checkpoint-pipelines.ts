import {
  asOf,
  boundedOutOfOrderness,
  type CheckpointMode,
  count,
  counting,
  hopping,
  interval,
  json,
  mapState,
  type Pipeline,
  pipeline,
  type Stream,
  session,
  sum,
  tumbling,
  valueState,
} from '@lite-streams/core';

export interface Reading {
  readonly k: string;
  readonly t: number;
  readonly n: number;
}

/** Readings of one key stand in one shard, and come at most so much late. */
export const DISORDER_MS = 20;

/** Any stream: what it is of is of no interest here. */
interface Ending {
  // biome-ignore lint/suspicious/noExplicitAny: the type of the serde would say what it is a stream of
  to(topic: string, serde: any): Pipeline;
}

type Build = (left: Stream<Reading>, right: () => Stream<Reading>) => Ending;

const byKey = ({ k }: Reading): string => k;
const n = ({ n }: Reading): number => n;

/** One of each kind of state, each with results that no interleaving of shards changes. */
export const builds: Readonly<Record<string, Build>> = {
  'without state': left => left.filter(v => v.n % 3 > 0).map(v => ({ k: v.k, n: v.n })),
  'tumbling windows': left =>
    left
      .keyBy(byKey)
      .window(tumbling(50))
      .aggregate({ n: count(), s: sum(n) }),
  'hopping windows': left => left.keyBy(byKey).window(hopping(200, 50)).aggregate(sum(n)),
  'whole windows': left =>
    left
      .keyBy(byKey)
      .window(tumbling(70))
      .process((key, values) => ({ key, values: values.map(n).sort() })),
  'windows without a key': left => left.window(tumbling(40)).aggregate(count()),
  'windows by the key of the record': left =>
    left.keyByRecord().window(tumbling(60)).aggregate(sum(n)),
  sessions: left => left.keyBy(byKey).window(session(25)).aggregate(sum(n)),
  'windows of so many': left => left.keyBy(byKey).window(counting(4)).aggregate(sum(n)),
  'windows behind windows': left =>
    left
      .keyBy(byKey)
      .window(tumbling(20))
      .aggregate({ n: count(), s: sum(n) })
      .keyBy(({ s }) => s % 5)
      .window(tumbling(100))
      .aggregate(count()),
  'state and timers': left =>
    left.keyBy(byKey).process({
      state: { seen: valueState(0), slots: mapState<number, number>() },
      onRecord(v, { state, timers }) {
        const slot = v.t - (v.t % 60) + 60;
        state.seen.set(state.seen.get() + 1);
        state.slots.set(slot, (state.slots.get(slot) ?? 0) + v.n);
        timers.set(slot);
        return { k: v.k, seen: state.seen.get(), at: 0, n: v.n };
      },
      onTimer({ timestamp: at }, { state, key: k }) {
        const n = state.slots.get(at) ?? -1;
        state.slots.delete(at);
        return { k, seen: 0, at, n };
      },
    }),
  dedupe: left => left.keyBy(byKey).dedupe({ within: '1h', by: n }),
  'calls under way': left =>
    left.keyBy(byKey).mapAsync(async v => ({ k: v.k, n: v.n + 1 }), { concurrency: 4 }),
  'an interval join': (left, right) =>
    left
      .keyBy(byKey)
      .join(
        right().keyBy(byKey),
        interval(-15, 15),
        (l, r) => ({ k: l?.k ?? r?.k, l: l?.n, r: r?.n }),
        { type: 'full' },
      ),
  'a window join': (left, right) =>
    left
      .keyBy(byKey)
      .join(right().keyBy(byKey), tumbling(30), (l, r) => ({ l: l?.n, r: r?.n }), { type: 'left' }),
  'a temporal join': (left, right) =>
    left
      .keyBy(byKey)
      .join(right().keyBy(byKey), asOf(), (l, r) => ({ l, r: r?.n }), { type: 'left' }),
  'branches and a merge': left => {
    const { even, odd } = left.split({ even: v => v.n % 2 === 0, odd: () => true });
    const [one, other] = odd.fork(2);
    return even
      .merge(
        one,
        other.map(v => ({ ...v, n: -v.n })),
      )
      .keyBy(byKey)
      .window(tumbling(50))
      .aggregate(sum(n));
  },
};

export function built(name: string, mode: CheckpointMode, maxOutputBytes?: number): Pipeline {
  const p = pipeline('p', { checkpoint: { every: '1h', mode, maxOutputBytes } });
  const from = (topic: string): Stream<Reading> =>
    p.from(topic, json<Reading>(), {
      timestamp: ({ t }) => t,
      watermark: boundedOutOfOrderness(DISORDER_MS),
    });
  return builds[name](from('left'), () => from('right')).to('out', json());
}
