import { postMessages } from './post-message.ts';

/** One object a message: what most programs do. */
export default () => postMessages('post-message-object', 0, { full: 300_000, quick: 60_000 });
