import type { Pipeline } from 'lite-streams';
import type { Kind } from './generator/generator.ts';

/** A query: its module is `queries/<name>.ts`, its output topic has its name. */
export interface Query {
  readonly name: string;
  readonly what: string;
  /** The kinds of events that it reads. */
  readonly reads: readonly Kind[];
  /** Whether it looks values up in the topic `side`. */
  readonly side?: boolean;
  /**
   * Where results are updated: the columns of the key whose last value counts.
   */
  readonly lastOf?: readonly string[];
  /** Windows of the clock and not of event time. */
  readonly processingTime?: boolean;
  /** Events per second and core that it should reach. */
  readonly target?: number;
  /** What Flink's published suite reports, in events per second and core. */
  readonly flink?: number;
}

const BIDS = ['bid'] as const;
const PERSONS_AND_AUCTIONS = ['person', 'auction'] as const;
const AUCTIONS_AND_BIDS = ['auction', 'bid'] as const;

// biome-ignore format: a table, one row per query
export const QUERIES: readonly Query[] = [
  { name: 'q0', what: 'every bid, unchanged', reads: BIDS, target: 1.8e6, flink: 155e3 },
  { name: 'q1', what: 'prices converted', reads: BIDS, target: 1.8e6, flink: 158e3 },
  { name: 'q2', what: 'bids on some auctions', reads: BIDS, target: 1.8e6, flink: 175e3 },
  { name: 'q3', what: 'sellers of some states', reads: PERSONS_AND_AUCTIONS, target: 1.5e6, flink: 152e3 },
  { name: 'q4', what: 'average winning price by category', reads: AUCTIONS_AND_BIDS, lastOf: ['category'], target: 0.5e6, flink: 34e3 },
  { name: 'q5', what: 'auctions with the most bids, hopping 10 s / 2 s', reads: BIDS, target: 1e6, flink: 22e3 },
  { name: 'q6', what: 'average of a seller’s last ten sales', reads: AUCTIONS_AND_BIDS, lastOf: ['seller'], target: 0.5e6 },
  { name: 'q7', what: 'highest bids of 10 s', reads: BIDS, target: 1e6, flink: 12e3 },
  { name: 'q8', what: 'new persons who sell, 10 s', reads: PERSONS_AND_AUCTIONS, target: 1.5e6, flink: 146e3 },
  { name: 'q9', what: 'winning bids', reads: AUCTIONS_AND_BIDS, target: 0.5e6, flink: 14e3 },
  { name: 'q10', what: 'bids with day and minute', reads: BIDS },
  { name: 'q11', what: 'sessions of bidders', reads: BIDS, target: 1e6, flink: 40e3 },
  { name: 'q12', what: 'bidders by the clock, 10 s', reads: BIDS, processingTime: true, target: 1e6, flink: 76e3 },
  { name: 'q13', what: 'bids with a side input', reads: BIDS, side: true, target: 1.5e6 },
  { name: 'q14', what: 'calculations on bids', reads: BIDS, target: 1.8e6 },
  { name: 'q15', what: 'statistics of a day', reads: BIDS, target: 0.5e6, flink: 72e3 },
  { name: 'q16', what: 'statistics of a day by channel', reads: BIDS, target: 0.5e6, flink: 19e3 },
  { name: 'q17', what: 'prices of a day by auction', reads: BIDS, target: 1.2e6, flink: 117e3 },
  { name: 'q18', what: 'last bid of each bidder on each auction', reads: BIDS, lastOf: ['bidder', 'auction'], target: 0.5e6, flink: 54e3 },
  { name: 'q19', what: 'ten highest bids of each auction', reads: BIDS, lastOf: ['auction', 'rank'], target: 0.5e6, flink: 44e3 },
  { name: 'q20', what: 'bids with their auctions', reads: AUCTIONS_AND_BIDS, target: 1.5e6, flink: 19e3 },
  { name: 'q21', what: 'ids of channels', reads: BIDS, target: 1.8e6 },
  { name: 'q22', what: 'directories of urls', reads: BIDS, target: 1.8e6, flink: 130e3 },
];

export function queryNamed(name: string): Query {
  const query = QUERIES.find(one => one.name === name);
  if (query === undefined) throw new Error(`no query is named ${name}`);
  return query;
}

export function moduleOf({ name }: Query): URL {
  return new URL(`./queries/${name}.ts`, import.meta.url);
}

/** The step that writes the output of a query. */
export function sinkOf({ name }: Query, { graph }: Pipeline) {
  for (const { step } of graph.nodes) if (step.kind === 'sink' && step.topic === name) return step;
  throw new Error(`the pipeline of ${name} has no output of this name`);
}
