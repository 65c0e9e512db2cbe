import { fail } from '../errors.ts';
import { outputsOf, type Plan } from './plan.ts';

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
  const others = [...running];
  const path: string[] = [];
  const seen = new Set<string>();
  /** Goes on from a topic that the new pipeline reaches, looking for one that it reads. */
  const visit = (topic: string): void => {
    if (added.topics.sources.includes(topic)) {
      fail(
        'PIPELINE_CYCLE',
        `Pipeline "${added.pipeline}" closes a cycle of lossless topics: ` +
          `${[topic, ...path, topic].join(' → ')}. A topic that overwrites its oldest records may ` +
          'close one.',
      );
    }
    if (seen.has(topic)) return;
    seen.add(topic);
    path.push(topic);
    for (const { topics } of others) if (topics.sources.includes(topic)) follow(topics);
    path.pop();
  };
  const follow = (topics: Plan['topics']): void => {
    for (const out of outputsOf(topics)) if (isLossless(out)) visit(out);
  };
  follow(added.topics);
}
