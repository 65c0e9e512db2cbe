import { expect, test } from 'vitest';
import { Cell } from './guard.ts';
import { LiveWindow } from './live-windows.ts';
import { PaneSweep } from './pane-sweep.ts';

test.each([1, 4, 16, 64])(
  'with a %i-th changed in each, snapshots hold a few times what there is',
  part => {
    const count = 36_000;
    const window = new LiveWindow(0, 10, 9, false);
    const cells = Array.from({ length: count }, (_, key) => new Cell(key, 0));
    for (const cell of cells) window.cells.set(cell.key, cell);
    const sweep = new PaneSweep([window]);
    const sizes = [count];
    let kept = sweep.begin();
    for (let noted = 1; noted < 70; noted++) {
      const panes: [unknown, number, unknown][] = [];
      for (let i = 0; i < count / part; i++) {
        const cell = cells[(noted * 7_919 + i * part) % count];
        cell.noted = noted;
        panes.push([cell.key, 0, noted]);
      }
      kept = Math.min(kept + 1, sweep.next(noted, panes));
      sizes.push(panes.length);
      const held = sizes.slice(-kept).reduce((sum, size) => sum + size, 0);
      expect(held).toBeLessThan(7 * count);
    }
  },
);
