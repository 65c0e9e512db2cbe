import { pipeline, text } from 'lite-streams';

export default pipeline('first-record')
  .from('in', text())
  .map(value => value.toUpperCase())
  .to('out', text());
