import { open } from 'node:fs/promises';
import type { FlushOrder } from '../protocol/flush-order.ts';

/**
 * Flushes files that owners are still writing, one after another: a thread that waits for a disk
 * could be another's that has work for it.
 */
export class FileFlusher {
  private readonly waiting: { readonly path: string; readonly order: FlushOrder }[] = [];
  private readonly flushFile: (path: string) => Promise<void>;
  private isBusy = false;

  constructor(flush: (path: string) => Promise<void> = flushFile) {
    this.flushFile = flush;
  }

  /** Flushes what has been written so far, unless the order is taken back before. */
  flush(path: string, order: FlushOrder): void {
    this.waiting.push({ path, order });
    if (!this.isBusy) void this.flushAll();
  }

  private async flushAll(): Promise<void> {
    this.isBusy = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const { path, order } = next;
      if (!order.begin()) continue;
      try {
        await this.flushFile(path);
        order.end(false);
      } catch {
        // Its owner tells it, and stops the log.
        order.end(true);
      }
    }
    this.isBusy = false;
  }
}

/** Rejects where a flush has failed; one that could not begin has done no harm. */
export async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(() => undefined);
  await file?.datasync().finally(() => file.close());
}
