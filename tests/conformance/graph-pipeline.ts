// A pipeline with everything that joins and parts streams, and what it has to give.
import { boundedOutOfOrderness, json, pipeline, tumbling } from '@lite-streams/core';

export interface Move {
  readonly id: number;
  readonly account: string;
  readonly at: number;
  readonly amount: number;
}

/** How far moves may come out of order. */
export const DISORDER = 20;
const SIZE = 50;

const source = {
  timestamp: (move: Move) => move.at,
  watermark: boundedOutOfOrderness(DISORDER),
};
const sum = { create: () => 0, add: (total: number, { amount }: Move) => total + amount };

const p = pipeline('graph');
const withdrawals = p
  .from('withdrawals', json<Move>(), source)
  .map(move => ({ ...move, amount: -move.amount }));
const [journal, moves] = p
  .from('deposits', json<Move>(), source)
  .filter(({ amount }) => amount > 0)
  .merge(withdrawals)
  .fork(2);
journal.map(({ id }) => id).to('journal', json());
const { large, small } = moves.split({
  large: ({ amount }) => Math.abs(amount) >= 50,
  small: ({ amount }) => Math.abs(amount) >= 10,
});
large.map(({ id }) => id).to('large', json());
const [balances, hours] = small
  .merge(p.from('fees', json<Move>(), source))
  .keyBy(({ account }) => account)
  .fork(2);
balances
  .window(tumbling(SIZE))
  .aggregate({ ...sum, result: (total, { key, window }) => `${key}@${window.start}: ${total}` })
  .to('balances', json());
hours
  .window(tumbling(SIZE))
  .aggregate(sum)
  .window(tumbling(SIZE * 4))
  .aggregate({
    create: () => 0,
    add: (total: number, one: number) => total + one,
    result: (total, { key, window }) => `${key}@${window.start}: ${total}`,
  })
  .to('totals', json());

export default p;

export const INPUTS = ['deposits', 'withdrawals', 'fees'] as const;
export const OUTPUTS = ['journal', 'large', 'balances', 'totals'] as const;

export type Moves = Readonly<Record<(typeof INPUTS)[number], readonly Move[]>>;

/** What the pipeline gives, each output sorted: filters and sums over all moves. */
export function expected(moves: Moves): Record<(typeof OUTPUTS)[number], unknown[]> {
  const booked = [
    ...moves.deposits.filter(({ amount }) => amount > 0),
    ...moves.withdrawals.map(move => ({ ...move, amount: -move.amount })),
  ];
  const isLarge = ({ amount }: Move) => Math.abs(amount) >= 50;
  const isSmall = (move: Move) => !isLarge(move) && Math.abs(move.amount) >= 10;
  const windowed = [...booked.filter(isSmall), ...moves.fees];
  return {
    journal: booked.map(({ id }) => id).sort(),
    large: booked
      .filter(isLarge)
      .map(({ id }) => id)
      .sort(),
    balances: sums(windowed, SIZE),
    totals: sums(windowed, SIZE * 4),
  };
}

function sums(moves: readonly Move[], size: number): string[] {
  const groups = Map.groupBy(moves, ({ account, at }) => `${account}@${at - (at % size)}`);
  const total = (group: readonly Move[]) => group.reduce((all, { amount }) => all + amount, 0);
  return [...groups].map(([name, group]) => `${name}: ${total(group)}`).sort();
}
