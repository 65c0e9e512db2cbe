// Proves that all 3,000,000 flights come to the very rows that DuckDB makes of them, and none is late,
// for 1 to 3 producers. `--full` also varies shards and processors.

import {
  airportDaysOfDuckDB,
  replayFlights,
  rowsOf,
  sortedRows,
} from '../integration/flights/airport-days.ts';

const FLIGHTS = 3_000_000;
const ci = [
  ['--producers', '1'],
  ['--producers', '2'],
  ['--producers', '3'],
];
const more = [
  ['--producers', '5', '--shards', '1', '--processors', '1'],
  ['--producers', '2', '--shards', '16', '--processors', '4'],
  ['--producers', '12', '--shards', '3', '--processors', '2'],
];

const expected = sortedRows(await airportDaysOfDuckDB(FLIGHTS)).join('\n');
for (const flags of process.argv.includes('--full') ? [...ci, ...more] : ci) {
  const { code, stdout, stderr } = await replayFlights('--json', ...flags);
  const rows = sortedRows(rowsOf(stdout)).join('\n');
  const summary = stderr.trimEnd().split('\n').slice(-2).join('\n');
  if (code !== 0 || rows !== expected) {
    const [, firstWrong = 'none'] = firstDifference(rows, expected);
    console.error(
      `${flags.join(' ')}: exit ${code}, first row that differs: ${firstWrong}\n${stderr}`,
    );
    process.exitCode = 1;
  } else {
    console.log(`${flags.join(' ')}: the rows of DuckDB\n${summary}`);
  }
}

function firstDifference(found: string, wanted: string): [string?, string?] {
  const others = wanted.split('\n');
  const at = found.split('\n').findIndex((row, i) => row !== others[i]);
  return at < 0 ? [] : [others[at], found.split('\n')[at]];
}
