// A setup file of every test file: whatever a test does, a job that drains has accounted for all its records. Jobs
// without threads throw when they have not; those of engines with threads tell it as a warning.

import { subscribe } from 'node:diagnostics_channel';
import { afterEach, expect } from 'vitest';

const silent: string[] = [];

subscribe('lite-streams:warning', warning => {
  const { message } = warning as { readonly message: string };
  if (message.includes('not accounted for')) silent.push(message);
});

afterEach(() => {
  expect(silent.splice(0)).toEqual([]);
});
