import { pipeline, text } from '@lite-streams/core';

export default pipeline('shout')
  .from('words', text())
  .map(word => word.toUpperCase())
  .to('shouts', text());
