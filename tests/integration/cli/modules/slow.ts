// Says that it is busy, and keeps its processor so for half a minute.

import { writeSync } from 'node:fs';
import { pipeline, text } from 'lite-streams';

export default pipeline('slow')
  .from('in', text())
  .map(value => {
    writeSync(2, 'busy\n');
    const endMs = performance.now() + 30_000;
    while (performance.now() < endMs);
    return value;
  })
  .to('out', text());
