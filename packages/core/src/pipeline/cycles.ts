import { fail } from '../errors.ts';
import type { Plan } from './plan.ts';

type Topics = Pick<Plan, 'pipeline' | 'topics'>;

/**
 * Refuses a pipeline that would close a cycle of lossless topics together with those that run: each
 * would wait for room that only the next one can make. Throws `PIPELINE_CYCLE`.
 */
export function refuseCycle(
  running: Iterable<Topics>,
  added: Topics,
  isLossless: (topic: string) => boolean,
): void {
  const all = [...running, added];
  const path: string[] = [];
  const visit = (topic: string): void => {
    if (topic === added.topics.source && path.length > 0) {
      fail(
        'PIPELINE_CYCLE',
        `Pipeline "${added.pipeline}" closes a cycle of lossless topics: ${[...path, topic].join(' → ')}. ` +
          'A topic that overwrites its oldest records may close one.',
      );
    }
    if (path.includes(topic)) return;
    path.push(topic);
    for (const { topics } of all) {
      if (topics.source !== topic) continue;
      for (const out of [topics.sink, ...topics.late, topics.deadLetters]) {
        if (isLossless(out)) visit(out);
      }
    }
    path.pop();
  };
  visit(added.topics.source);
}
