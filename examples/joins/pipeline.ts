// Orders with their payments, in euros at the rate of the time, and what has not been paid within an hour.

import { asOf, interval, json, type Pipeline, pipeline } from 'lite-streams';

export interface Order {
  id: string;
  country: string;
  at: number;
  euros: number;
}
export interface Payment {
  order: string;
  at: number;
  amount: number;
  currency: string;
}
export interface Rate {
  currency: string;
  at: number;
  euros: number;
}
export interface Country {
  code: string;
  name: string;
}

const p = pipeline('orders');
const at = { timestamp: (value: { at: number }) => value.at };
const orders = p.from('orders', json<Order>(), at);
const payments = p.from('payments', json<Payment>(), at);
const rates = p.from('rates', json<Rate>(), at);
const countries = p.from('countries', json<Country>());

// What a payment was worth when it was made: the last rate before it.
const inEuros = payments
  .keyBy(payment => payment.currency)
  .join(
    rates.keyBy(rate => rate.currency),
    asOf(),
    ({ order, amount }, rate) => ({ order, euros: amount * rate.euros }),
  );

// Each order with the payments of the hour after it, or with none. The countries are read first.
const open = orders
  .lookup(
    countries,
    { key: order => order.country, sideKey: country => country.code },
    (order, country) => ({ ...order, country: country.name }),
  )
  .keyBy(order => order.id)
  .join(
    inEuros.keyBy(payment => payment.order),
    interval(0, '1h'),
    (order, payment, { key }) => ({
      order: key,
      country: order.country,
      open: order.euros - (payment?.euros ?? 0),
    }),
    { type: 'left', lateTo: 'late-payments' },
  );

const orderBook: Pipeline = open.to('open', json());
export default orderBook;
