import { pipeline, text } from 'lite-streams';

export default pipeline('shout')
  .from('greetings', text())
  .map(greeting => greeting.toUpperCase())
  .to('shouted', text());
