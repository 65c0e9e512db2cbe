import { pipeline, text, tumbling } from 'lite-streams';
import { Processor } from './processor.ts';

export const upperCase = new Processor(payload => payload.toUpperCase());

/** The same processor on a stream: every payload, counted and joined by key and second. */
export default pipeline('processor')
  .from('payloads', text())
  .map(payload => ({ payload }))
  .keyBy((_, { key }) => key ?? '')
  .window(tumbling('1s'))
  .process((key, records) => `${key}: ${upperCase.processWindow(records)}`)
  .to('windows', text());
