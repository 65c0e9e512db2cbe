/** Consecutive lines of a text; `first` is the number of the first, counted from 1. */
export interface LineRun {
  readonly first: number;
  readonly lines: readonly string[];
}

/** The lines of UTF-8 text that arrives in chunks, as many at once as a chunk completes. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LineRun> {
  // The decoder drops a byte order mark and keeps characters whole that chunks cut.
  const decoder = new TextDecoder();
  let first = 1;
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() as string;
    if (lines.length === 0) continue;
    yield { first, lines };
    first += lines.length;
  }
  rest += decoder.decode();
  if (rest !== '') yield { first, lines: [rest] };
}
