import { postMessages } from './post-message.ts';

/** Arrays of 100 objects: what programs do once the first way is too slow. */
export default () => postMessages('post-message-array', 100, { full: 2_000_000, quick: 300_000 });
