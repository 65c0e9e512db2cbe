#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// From its second start on, the command and its threads load faster. Coverage would be less exact.
if (process.env.NODE_V8_COVERAGE === undefined) {
  const { directory } = enableCompileCache();
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
}
const { runProcess } = await import('./program.ts');

process.exitCode = await runProcess(process.argv);
