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
  private readonly outlets: readonly Outlet[];

  constructor(last: Operator, exchange: ExchangeOperator | undefined, outlets: readonly Outlet[]) {
    this.operator = last;
    this.exchange = exchange;
    this.channels = exchange?.channels ?? [];
    this.outlets = outlets;
  }

  /** Publishes what was sent; `true` when nothing is left on this side. */
  settle(): boolean {
    let all = this.exchange === undefined || this.exchange.settle();
    for (const outlet of this.outlets) if (!outlet.flush()) all = false;
    return all;
  }

  markIdle(idle: boolean): void {
    this.exchange?.markIdle(idle);
  }

  /** Nothing follows: ends the task's producers. */
  end(): void {
    for (const outlet of this.outlets) outlet.end();
  }

  places(): WaitingPlace[] {
    return [...this.channels, ...this.outlets.flatMap(outlet => outlet.places)];
  }
}
