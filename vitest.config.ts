import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { compileCache } from './scripts/compile-cache.ts';

Object.assign(process.env, compileCache);

// Tests and sources run as Node.js runs them, by type stripping, in a process of their own per file:
// what a test sees is what a user's program sees, on every thread.
export default defineConfig({
  test: {
    pool: 'forks',
    // By default one less than there are cores: on two, a file at a time, most of which wait for threads to start.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    setupFiles: ['./tests/flush-coverage.ts', './tests/nothing-silent.ts'],
    experimental: { viteModuleRunner: false },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['tests/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
