import { pipeline, text } from 'lite-streams';

const p = pipeline('two-topics');

export default p.from('a', text()).merge(p.from('b', text())).to('out', text());
