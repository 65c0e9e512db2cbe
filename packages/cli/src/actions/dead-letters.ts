import type { RecordView } from '@lite-streams/core';
import type { Engine } from '@lite-streams/workers';
import { visible } from '../render/style.ts';

/** How many dead letters are told of. */
const TOLD = 5;

/** What pipelines refused last, and why: a line each. */
export function deadLettersOf(engine: Engine): string[] {
  const lines: string[] = [];
  for (const name of engine.topics()) {
    const topic = engine.topic(name);
    for (let shard = 0; shard < topic.shardCount && lines.length < TOLD; shard++) {
      for (const record of topic.latest({ shard, max: TOLD - lines.length })) {
        if (record.header('error.step') !== undefined) lines.push(describe(record));
      }
    }
  }
  return lines;
}

function describe(record: RecordView): string {
  const offset = record.header('origin.offset');
  const shard = record.header('origin.shard');
  const what =
    offset === undefined ? 'a result' : `the record at offset ${offset} of shard ${shard}`;
  const key = record.hasKey ? `, key "${visible(record.key as string)}"` : '';
  const cause = visible(record.header('error.message') ?? '');
  return `refused in ${record.header('error.step')}: ${what}${key}: ${cause}`;
}
