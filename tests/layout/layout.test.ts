import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { planShard } from '@lite-streams/core/internal';
import { expect, test } from 'vitest';
import {
  CELL,
  CONSTANT,
  GROUP,
  KERNEL,
  LOG,
  SLOT_BYTES,
} from '../../packages/core/src/shard/layout.ts';

const root = new URL('../../', import.meta.url);
const source = readFileSync(new URL('packages/core/src/shard/layout.ts', root), 'utf8');
const geometry = {
  slots: 64,
  dataBytes: 4096,
  maxRecordBytes: 512,
  producers: 5,
  groups: 3,
  members: 2,
};
const plan = planShard(geometry);

/** The rows of the byte diagram: offset or `…`, what stands there. */
function diagram(): Map<string, string> {
  const [, block] = source.match(/```\n([\s\S]*?)```/) ?? [];
  const rows = new Map<string, string>();
  for (const line of (block ?? '').split('\n')) {
    const row = line.match(/^ \* +(\d+|…) {2}(\S+(?: \S+)*)(?: {2,}(.*))?$/);
    if (row) rows.set(row[2], row[1] === '…' ? (row[3] ?? '') : row[1]);
  }
  return rows;
}

test('the diagram of a shard gives the real offsets', () => {
  const rows = Object.fromEntries(diagram());
  expect(rows).toMatchObject({
    constants: '0',
    tail: String(KERNEL.TAIL),
    published: String(KERNEL.PUBLISHED),
    'record, room and written waiters': String(KERNEL.RECORD_WAITERS),
    'gate version': String(KERNEL.GATE_VERSION),
    state: String(KERNEL.STATE),
    era: String(KERNEL.ERA),
    earliest: String(KERNEL.EARLIEST),
    aborted: String(KERNEL.ABORTED),
    written: String(LOG.written),
    durable: String(LOG.durable),
    'log start': String(LOG.start),
    'log error': String(LOG.error),
    'producer cells': String(plan.producersAt),
  });
});

test('the diagram of a shard gives the real sizes', () => {
  expect(source).toContain(`P × ${KERNEL.CELL_BYTES} `);
  expect(source).toContain(`G × (${KERNEL.GROUP_LEASES} + M × ${KERNEL.LEASE_BYTES})`);
  expect(source).toContain(`S × ${SLOT_BYTES}`);
  expect(plan.groupsAt - plan.producersAt).toBe(geometry.producers * KERNEL.CELL_BYTES);
  expect(plan.groupBytes).toBe(KERNEL.GROUP_LEASES + geometry.members * KERNEL.LEASE_BYTES);
  expect(plan.slotsAt - plan.groupsAt).toBe(geometry.groups * plan.groupBytes);
  expect(plan.dataAt - plan.slotsAt).toBe(geometry.slots * SLOT_BYTES);
  expect(plan.byteLength - plan.dataAt).toBe(geometry.dataBytes + geometry.maxRecordBytes);
});

test('every hot word stands on its own 128 bytes', () => {
  const hot = [
    KERNEL.TAIL,
    KERNEL.PUBLISHED,
    KERNEL.RECORD_WAITERS,
    KERNEL.GATE_VERSION,
    KERNEL.STATE,
    KERNEL.ERA,
    KERNEL.EARLIEST,
    KERNEL.ABORTED,
    LOG.written,
    LOG.durable,
    LOG.start,
    plan.producersAt,
    plan.groupsAt,
    plan.groupsAt + KERNEL.GROUP_LEASES,
    plan.slotsAt,
    plan.dataAt,
  ];
  for (const offset of hot) expect(offset % 128).toBe(0);
  expect(new Set(hot).size).toBe(hot.length);
});

test('no two words of a part overlap', () => {
  const words = (part: object) => Object.values(part).map(offset => offset >> 2);
  for (const part of [CONSTANT, CELL, GROUP, LOG]) {
    expect(new Set(words(part)).size).toBe(words(part).length);
  }
  expect(Math.max(...Object.values(CONSTANT))).toBeLessThan(KERNEL.TAIL);
  const inKernel = [
    KERNEL.CELL_INTENT,
    KERNEL.CELL_INTENT + 4,
    KERNEL.CELL_STATE,
    KERNEL.CELL_LIMIT_SEQUENCE,
    KERNEL.CELL_LIMIT_GRANULE,
    KERNEL.CELL_LIMIT_VERSION,
  ];
  const cell = [...inKernel, ...Object.values(CELL)];
  expect(new Set(cell).size).toBe(cell.length);
  const group = [KERNEL.GROUP_STATE, KERNEL.GROUP_NEXT, ...Object.values(GROUP)];
  expect(new Set(group).size).toBe(group.length);
  expect(Math.max(...group)).toBeLessThan(KERNEL.GROUP_LEASES);
});

test('the committed WebAssembly is what its sources compile to', () => {
  const build = fileURLToPath(new URL('packages/core/kernel/build.ts', root));
  const { status, stderr } = spawnSync('node', [build, '--check'], { encoding: 'utf8' });
  expect(`${stderr}${status}`).toBe('0');
});
