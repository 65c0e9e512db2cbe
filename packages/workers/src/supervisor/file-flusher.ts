import { open } from 'node:fs/promises';

/**
 * Flushes files that owners are still writing, one after another: a thread that waits for a disk
 * could be another's that has work for it. What fails here fails for the owner too, who tells it.
 */
export class FileFlusher {
  private readonly waiting = new Set<string>();
  private readonly flushFile: (path: string) => Promise<void>;
  private isBusy = false;

  constructor(flush: (path: string) => Promise<void> = flushFile) {
    this.flushFile = flush;
  }

  /** Flushes what has been written so far. Asking again for what still waits does nothing. */
  flush(path: string): void {
    this.waiting.add(path);
    if (!this.isBusy) void this.flushAll();
  }

  private async flushAll(): Promise<void> {
    this.isBusy = true;
    for (const path of this.waiting) {
      this.waiting.delete(path);
      await this.flushFile(path);
    }
    this.isBusy = false;
  }
}

/** Resolves whatever comes of it. */
export async function flushFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r+');
    await file.datasync().finally(() => file.close());
  } catch {
    // Its owner flushes it again before it relies on it, or has removed it.
  }
}
