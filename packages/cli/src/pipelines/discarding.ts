// The pipeline of `lite-streams bench`: a function sees every record, nothing comes out.

import { pipeline, records } from '@lite-streams/core';

const { searchParams } = new URL(import.meta.url);
const topic = searchParams.get('topic') as string;

/** Takes the record in hand, so that reading it is part of what is measured. */
let seen = 0;

export default pipeline(`bench/${topic}`)
  .from(topic, records())
  .filter(record => {
    seen = (seen + record.valueLength) | 0;
    return false;
  })
  .to(`${topic}.none`, records());
