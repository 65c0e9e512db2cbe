export { asynchronous as default } from './pipeline-slow.ts';
