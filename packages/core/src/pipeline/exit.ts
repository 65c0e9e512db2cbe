import type { ChannelWriter } from '../channel/channel.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { ExchangeOperator } from '../operator/exchange.ts';
import type { Outlet } from '../operator/outlet.ts';

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

  /** Nothing follows: ends the task's producers. */
  end(): void {
    for (const outlet of this.side) outlet.end();
    for (const outlet of this.sinks) outlet.end();
  }

  places(): WaitingPlace[] {
    const outlets = [...this.side, ...this.sinks];
    return [...this.channels, ...outlets.flatMap(outlet => outlet.places)];
  }
}
