import { fileURLToPath } from 'node:url';

const place = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url));

/**
 * Environment with which processes and threads of tests start in half the time: Node.js keeps what it has
 * stripped of types and compiled. Whoever set a place keeps it. Not for coverage: counts of code from a cache
 * are coarser (Node.js, `module.enableCompileCache`).
 */
export const compileCache: { readonly NODE_COMPILE_CACHE?: string } =
  process.env.NODE_V8_COVERAGE === undefined
    ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? place }
    : {};
