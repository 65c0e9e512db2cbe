/** Something that is to happen when the watermark reaches `dueAt`. */
export interface Due {
  /** Must not change while in the queue. */
  dueAt: number;
}

/** A binary heap by `dueAt`: the next one is known at once. */
export class DueQueue<T extends Due> {
  /** When the first one is due; +∞ when there is none. */
  nextAt: number = Number.POSITIVE_INFINITY;

  private readonly heap: T[] = [];

  get size(): number {
    return this.heap.length;
  }

  /** The next one, left where it is. */
  get first(): T | undefined {
    return this.heap[0];
  }

  push(item: T): void {
    const { heap } = this;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].dueAt <= item.dueAt) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = item;
    this.nextAt = heap[0].dueAt;
  }

  /** Takes the first one out. Only when there is one. */
  pop(): T {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop() as T;
    if (heap.length > 0) this.sink(last);
    this.nextAt = heap.length > 0 ? heap[0].dueAt : Number.POSITIVE_INFINITY;
    return first;
  }

  /** Puts `item` where the first one was, and down to where it belongs. */
  private sink(item: T): void {
    const { heap } = this;
    const size = heap.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heap[child + 1].dueAt < heap[child].dueAt) child++;
      if (heap[child].dueAt >= item.dueAt) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = item;
  }
}
