export { keyed as default } from './pipeline-slow.ts';
