// Results of committed epochs into a database, each of them once.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Engine } from 'lite-streams';
import type { Order } from './pipeline.ts';

const directory = mkdtempSync(join(tmpdir(), 'revenue-'));
process.env.DATABASE = join(directory, 'revenue.db'); // every thread opens it

const engine = await Engine.start({ shards: 2, processors: 2 });
const orders = engine.topic('orders');
const job = await engine.run(new URL('./pipeline.ts', import.meta.url));

const products = ['tea', 'coffee', 'cups'];
const producer = orders.producer();
let paid = 0;
for (let i = 0; i < 3_000; i++) {
  const order: Order = { product: products[i % 3], at: i * 100, cents: 100 + (i % 7) };
  await producer.send({ key: order.product, value: JSON.stringify(order) });
  paid += order.cents;
}
await producer.close();
orders.end();
await job.drained(); // all results have been taken
console.log(job.stats().delivery);
await engine.stop();

const database = new DatabaseSync(process.env.DATABASE);
const rows = database
  .prepare('SELECT product, count(*) minutes, sum(cents) cents FROM revenue GROUP BY product')
  .all();
for (const { product, minutes, cents } of rows)
  console.log(`${product}: ${cents} in ${minutes} minutes`);
const taken = rows.reduce((sum, { cents }) => sum + Number(cents), 0);
if (taken !== paid) process.exitCode = 1;
database.close();
rmSync(directory, { recursive: true });
