export { impatient as default } from './pipeline-outside.ts';
