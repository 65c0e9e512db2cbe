import { pipeline, text } from 'lite-streams';

export default pipeline('upper')
  .from('in', text())
  .map(value => value.toUpperCase())
  .to('out', text());
