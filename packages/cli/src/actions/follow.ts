import { setTimeout as sleep } from 'node:timers/promises';
import { type LogTopic, openLog } from '@lite-streams/workers';
import type { ConsumerOptions } from '../commands/consumer.ts';
import type { ExitCode } from '../exit-code.ts';
import { Interrupt } from '../interrupt.ts';
import { LineOutput } from '../output/lines.ts';
import { recordLine } from '../output/record-json.ts';
import { count, plural } from '../render/numbers.ts';
import { styleFor, visible } from '../render/style.ts';

type FollowOptions = ConsumerOptions & { readonly dir: string };

/** How often a directory that is yet to be made is looked for. */
const LOOK_MS = 50;

/**
 * Writes the records that a topic has in a directory, from where the group stopped, and with
 * `--follow` those that another process appends meanwhile. Nothing of the log is changed.
 */
export async function followDirectory(options: FollowOptions): Promise<ExitCode> {
  const style = styleFor(process.stderr);
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  using interrupt = new Interrupt(() => {});
  const output = new LineOutput(process.stdout);
  output.gone.addEventListener('abort', () => {
    if (output.failed === undefined) process.exit(interrupt.exitCode);
  });
  const topic = await find(options, interrupt.signal, () =>
    note(style('dim', `Waiting for the topic "${options.topic}" in ${options.dir}.`)),
  );
  if (topic === undefined) return interrupt.exitCode;
  const { group, follow = false } = options;
  await using consumer = topic.consume({ group, follow, signal: interrupt.signal });
  let records = 0;
  try {
    for await (const batch of consumer) {
      if (batch.lost > 0) note(style('yellow', `${count(batch.lost)} were removed unread`));
      batch.forEach(record => {
        records++;
        if (options.json) output.write(recordLine(record));
        else {
          const time = new Date(record.timestamp).toISOString();
          const key = visible(record.key ?? '');
          output.write(
            `${record.shard}  ${record.offset}  ${time}  ${key}  ${visible(record.text)}`,
          );
        }
      });
      // What has not been written is read again: asking for the next batch commits this one.
      await output.finish();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  note(`${plural(records, 'record')} read in the group "${group}"`);
  return interrupt.exitCode;
}

/** The topic; with `--follow` it may be yet to be made. */
async function find(
  { dir, topic, follow }: FollowOptions,
  interrupted: AbortSignal,
  waits: () => void,
): Promise<LogTopic | undefined> {
  let told = false;
  for (;;) {
    try {
      return openLog(dir).topic(topic);
    } catch (error) {
      if (!follow || !isMissing(error)) throw error;
    }
    if (!told) waits();
    told = true;
    if (interrupted.aborted) return undefined;
    await sleep(LOOK_MS);
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    code === 'UNKNOWN_TOPIC' ||
    (code === 'STORAGE_MISMATCH' && /does not exist/.test(String(error)))
  );
}
