// A pipeline with state and timers, first tested in virtual time, then run on threads.

import { deepStrictEqual } from 'node:assert';
import { Engine } from 'lite-streams';
import { testPipeline } from 'lite-streams/testing';
import alerts, { type Login } from './pipeline.ts';

{
  using test = testPipeline(alerts);
  const fail = (at: number): void => test.push({ user: 'ann', at, ok: false } satisfies Login);
  for (const at of [0, 50_000, 70_000]) fail(at);
  deepStrictEqual(test.output(), []); // the first is forgotten when the third comes
  fail(80_000);
  deepStrictEqual(test.output(), [{ user: 'ann', kind: 'alarm', failed: 3 }]);
  test.advance(30_000);
  fail(90_000); // the alarm goes on
  test.advance(59_999);
  deepStrictEqual(test.output(), []);
  test.advance(1);
  deepStrictEqual(test.output(), [{ user: 'ann', kind: 'over', failed: 4 }]);
}

await using engine = await Engine.start({ processors: 2 });
const logins = engine.topic('logins');
const job = await engine.run(new URL('./pipeline.ts', import.meta.url));
const users = ['ann', 'bob', 'cid'];
for (let i = 0; i < 300; i++) {
  const user = users[i % 3];
  const login: Login = { user, at: i * 1_000, ok: user === 'bob' || i > 150 };
  logins.append({ key: user, value: JSON.stringify(login) });
}
logins.end(); // the end of the input ends every alarm

await job.drained();
const output = engine.topic('alerts');
output.end();
for await (const batch of output.consume({ group: 'report' })) {
  for (const record of batch) console.log(record.text);
}
