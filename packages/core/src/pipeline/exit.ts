import type { ChannelWriter } from '../channel/channel.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { ExchangeOperator } from '../operator/exchange.ts';
import type { Operator } from '../operator/operator.ts';
import type { Outlet } from '../operator/outlet.ts';

/** The last operator of a task, and what else leaves it: all that has to be out before input is released. */
export class Exit {
  readonly operator: Operator;
  readonly channels: readonly ChannelWriter[];
  private readonly exchange: ExchangeOperator | undefined;
  private readonly side: readonly Outlet[];
  private readonly sink: Outlet | undefined;

  /** `side` may still grow while the task is built. */
  constructor(
    last: Operator,
    exchange: ExchangeOperator | undefined,
    side: readonly Outlet[],
    sink: Outlet | undefined,
  ) {
    this.operator = last;
    this.exchange = exchange;
    this.channels = exchange?.channels ?? [];
    this.side = side;
    this.sink = sink;
  }

  /** Publishes what was sent; `true` when nothing is left on this side. */
  settle(): boolean {
    let all = this.exchange === undefined || this.exchange.settle();
    for (const outlet of this.side) if (!outlet.flush()) all = false;
    if (this.sink !== undefined && !this.sink.flush()) all = false;
    return all;
  }

  markIdle(idle: boolean): void {
    this.exchange?.markIdle(idle);
  }

  /** Nothing follows: ends the task's producers. */
  end(): void {
    for (const outlet of this.side) outlet.end();
    this.sink?.end();
  }

  places(): WaitingPlace[] {
    const outlets = this.sink === undefined ? this.side : [...this.side, this.sink];
    return [...this.channels, ...outlets.flatMap(outlet => outlet.places)];
  }
}
