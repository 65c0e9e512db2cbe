import { count, json, pipeline, text, tumbling } from '@lite-streams/core';

export interface WordCount {
  readonly word: string;
  readonly n: number;
}

/** Counts words, and ends its output when the words have ended. */
export default pipeline('counts')
  .from('words', text())
  .keyBy(word => word)
  .window(tumbling(100))
  .aggregate(count())
  .map((n, { key }): WordCount => ({ word: key, n }))
  .to('counts', json<WordCount>(), { end: true });
