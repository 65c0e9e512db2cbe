import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new directory, which is removed at the end of its scope. */
export class ScratchDirectory implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'lite-streams-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
