import type { ChannelWriter } from '../channel/channel.ts';
import type { DeliverySnapshot, OutputSnapshot, TaskSnapshot } from '../epoch/task-snapshot.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { ExchangeOperator } from '../operator/exchange.ts';
import type { Outlet } from '../operator/outlet.ts';

/** What one task gave in one epoch. */
export type SealedOutputs = Pick<TaskSnapshot, 'outputs' | 'deliveries'>;

/** All that leaves a task, and has to be out before input is released. */
export class Exit {
  readonly channels: readonly ChannelWriter[];
  private readonly exchanges: readonly ExchangeOperator[];
  private readonly side: readonly Outlet[];
  private readonly sinks: readonly Outlet[];

  /** `side`: for dead letters and late values; it may still grow while the task is built. */
  constructor(
    exchanges: readonly ExchangeOperator[],
    sinks: readonly Outlet[],
    side: readonly Outlet[],
  ) {
    this.exchanges = exchanges;
    this.channels = exchanges.flatMap(({ channels }) => channels);
    this.side = side;
    this.sinks = sinks;
  }

  /** Publishes what was sent; `true` when nothing is left on this side. */
  settle(): boolean {
    let all = true;
    for (const exchange of this.exchanges) if (!exchange.settle()) all = false;
    for (const outlet of this.side) if (!outlet.flush()) all = false;
    for (const outlet of this.sinks) if (!outlet.flush()) all = false;
    return all;
  }

  markIdle(idle: boolean): void {
    for (const exchange of this.exchanges) exchange.markIdle(idle);
  }

  /** What left the task so far belongs to this epoch: `settle` tells those that come after it. */
  barrier(epoch: number): void {
    for (const exchange of this.exchanges) exchange.barrier(epoch);
  }

  /**
   * What goes out epoch by epoch; `tokenOf` gives each way out a token of its own, `epoch` is the number
   * that systems outside are told.
   */
  seal(tokenOf: (outlet: number) => number, epoch: number): SealedOutputs {
    const outputs: OutputSnapshot[] = [];
    const deliveries: DeliverySnapshot[] = [];
    for (const [i, outlet] of this.outlets().entries()) {
      const output = outlet.epochs?.seal(tokenOf(i), epoch);
      if (output === undefined) continue;
      if ('topic' in output) outputs.push(output);
      else deliveries.push(output);
    }
    return { outputs, deliveries };
  }

  /** What was sealed may go out. */
  commitOutputs(): void {
    for (const outlet of this.outlets()) outlet.epochs?.commit();
  }

  /** Whether nothing of an epoch before is left to do. */
  isSettled(): boolean {
    return this.outlets().every(({ epochs }) => epochs === undefined || epochs.settled);
  }

  /** Whether all that was published is as safe as its topic makes it. */
  isAcknowledged(): boolean {
    return this.outlets().every(outlet => outlet.acknowledged());
  }

  /** The time that each exchange has been told. */
  times(): number[] {
    return this.exchanges.map(({ time }) => time);
  }

  restoreTimes(times: readonly number[]): void {
    for (const [i, exchange] of this.exchanges.entries()) {
      if (i < times.length) exchange.watermark(times[i]);
    }
  }

  /** Tells those that come after the task that nothing follows, as `head.end()` does in the end. */
  tellEnd(): void {
    for (const exchange of this.exchanges) exchange.end();
  }

  /** Nothing follows: ends the task's producers. */
  end(): void {
    for (const outlet of this.side) outlet.end();
    for (const outlet of this.sinks) outlet.end();
  }

  places(): WaitingPlace[] {
    return [...this.channels, ...this.outlets().flatMap(outlet => outlet.places)];
  }

  private outlets(): Outlet[] {
    return [...this.side, ...this.sinks];
  }
}
