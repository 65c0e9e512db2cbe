// A setup file of every test file. The process of a test file is ended by a signal, which leaves no coverage behind;
// so it is written here. Threads and processes that tests start write their own when they end.

import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => takeCoverage());
