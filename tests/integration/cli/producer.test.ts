import { describe, expect, test } from 'vitest';
import { linesOf, ndjson, runCommand } from './command-line.ts';

interface Line {
  readonly key?: string;
  readonly value: unknown;
  readonly timestamp: number;
  readonly headers?: Record<string, string>;
  readonly shard: number;
  readonly offset: number;
}

describe('lite-streams producer', () => {
  test('the producer flow of the reference: five records, produced and shown', async () => {
    const { code, stdout, stderr } = await runCommand(['producer', '--count', '5', '--json']);
    expect(code).toBe(0);
    const records = ndjson<Line>(stdout);
    expect(records).toHaveLength(5);
    const payloads = records.map(({ value }) => String(value).split(' ')[0]);
    expect(payloads.sort()).toEqual(Array.from({ length: 5 }, (_, i) => `payload-${i}`));
    for (const { key, shard, value } of records) {
      expect(key).toMatch(/^key-\d$/);
      expect(shard).toBeLessThan(4);
      expect(value).toHaveLength(100);
    }
    expect(stderr).toContain('5 records');
  });

  test('without --json the newest records are a table, and the summary tells speed and latency', async () => {
    const { code, stdout, stderr } = await runCommand([
      'producer',
      '-n',
      '2k',
      '-t',
      '2',
      '-s',
      '20',
    ]);
    expect(code).toBe(0);
    const [title, ...rows] = stdout.trimEnd().split('\n');
    expect(title.trim().split(/\s+/)).toEqual(['shard', 'offset', 'timestamp', 'key', 'value']);
    expect(rows).toHaveLength(10);
    expect(stderr).toMatch(/appended +2,000 records, 39\.1 KiB of values/);
    expect(stderr).toMatch(/throughput +\S+.*\/s/);
    expect(stderr).toMatch(/latency +p50 .* p99 .* max .* from sending/);
    expect(stdout + stderr).not.toContain('\u001b');
  });

  test('the same seed gives the same records on any number of threads', async () => {
    const records = async (...args: string[]) => {
      const { stdout } = await runCommand(['producer', '-n', '500', '--json', ...args]);
      return ndjson<Line>(stdout)
        .map(({ key, value }) => `${key} ${value}`)
        .sort();
    };
    const one = await records('--seed', '42');
    expect(one).toHaveLength(500);
    expect(await records('--seed', '42', '--threads', '3')).toEqual(one);
  });

  test('under a rate, latency counts from the intended send time, which stands in the records', async () => {
    const { stdout, stderr } = await runCommand(['producer', '-n', '50', '-r', '500', '--json']);
    const sentUs = ndjson<Line>(stdout)
      .map(({ headers }) => Number(headers?.['sent-us']))
      .sort((a, b) => a - b);
    const steps = sentUs.slice(1).map((us, i) => us - sentUs[i]);
    for (const step of steps) expect(Math.abs(step - 2_000)).toBeLessThanOrEqual(1);
    expect(stderr).toContain('from the intended send time');
  });

  test('records of NDJSON keep key, value, timestamp and headers', async () => {
    const records = [
      { key: 'a', value: 'text', timestamp: 1_000 },
      {
        key: 'b',
        value: { nested: [1, 'two', null] },
        timestamp: 2_000,
        headers: { source: 'test' },
      },
      { value: 'no key: grüße 🚀', timestamp: -5 },
      { key: 'bytes', valueBase64: '/wD+', timestamp: 3_000 },
      { key: 'none', value: null, timestamp: 4_000 },
    ];
    const { code, stdout } = await runCommand(
      ['producer', '--input', '-', '--json', '--shards', '1'],
      {
        input: linesOf(...records),
      },
    );
    expect(code).toBe(0);
    const out = ndjson<Line>(stdout).map(({ shard: _, offset: __, ...record }) => record);
    expect(out).toEqual(records);
  });

  test('what it writes it takes in again, byte for byte', async () => {
    const args = ['producer', '--json', '--shards', '3'];
    const first = await runCommand([...args, '-n', '300', '-r', '100k']);
    const second = await runCommand([...args, '--input', '-'], { input: first.stdout });
    const plain = (text: string) =>
      ndjson<Line>(text)
        .map(({ offset: _, ...record }) => JSON.stringify(record))
        .sort();
    expect(plain(second.stdout)).toEqual(plain(first.stdout));
  });

  test('a line that is no record is named, and what came before it is kept', async () => {
    const input = linesOf({ key: 'a', value: 'fine' }, '', '{"key": "b", ', { value: 'after' });
    const { code, stdout, stderr } = await runCommand(['producer', '--input', '-', '--json'], {
      input,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('standard input:3: not JSON');
    expect(ndjson<Line>(stdout).map(({ value }) => value)).toEqual(['fine']);
  });

  test('--on-error skip goes on after lines that are no records, and counts them', async () => {
    const input = linesOf(
      { key: 'a', value: 'fine' },
      'oops',
      { key: 7, value: 'number' },
      { key: ['x'], value: 'key' },
      { value: 'time', timestamp: 1.5 },
      { value: 'header', headers: { n: 1 } },
      { value: 'x'.repeat(70_000) },
      { value: 'last' },
    );
    const { code, stdout, stderr } = await runCommand(
      ['producer', '--input', '-', '--on-error', 'skip', '--json', '--shards', '1'],
      { input },
    );
    expect(code).toBe(0);
    expect(ndjson<Line>(stdout).map(({ value }) => value)).toEqual(['fine', 'number', 'last']);
    for (const line of [2, 4, 5, 6, 7])
      expect(stderr).toContain(`skipped: standard input:${line}: `);
    expect(stderr).toMatch(/skipped +5 lines/);
  });

  test('a file that is not there is named', async () => {
    const { code, stdout, stderr } = await runCommand(['producer', '--input', 'no/such.ndjson']);
    expect(code).toBe(1);
    expect(stderr).toContain('no/such.ndjson: there is no such file');
    expect(stdout).toBe('');
  });

  test('a value larger than a record can be is told', async () => {
    const { code, stderr } = await runCommand(['producer', '-n', '1', '-s', '100k']);
    expect(code).toBe(1);
    expect(stderr).toContain('RECORD_TOO_LARGE');
  });
});
