import { boundedOutOfOrderness, count, json, pipeline, sum, tumbling } from 'lite-streams';

export interface Order {
  readonly id: string;
  readonly product: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Negative for a refund. */
  readonly cents: number;
}

const inTime = {
  timestamp: (order: Order) => order.at,
  watermark: boundedOutOfOrderness('5s'),
};

const shop = pipeline('shop');

const orders = shop
  .from('web-orders', json<Order>(), inTime)
  .merge(shop.from('store-orders', json<Order>(), inTime));

const { refunds, sales } = orders.split({
  refunds: order => order.cents < 0,
  sales: () => true,
});
refunds.to('refunds', json());

const [each, counted] = sales.fork(2);
each.map(({ id, cents }) => ({ id, cents })).to('journal', json());
counted
  .keyBy(order => order.product)
  .window(tumbling('1m'), { name: 'minutes' })
  .aggregate({ orders: count(), cents: sum((order: Order) => order.cents) })
  .map((minute, { key }) => ({ product: key, ...minute }))
  .to('minutes', json());

export default shop;
