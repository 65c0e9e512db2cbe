import type { ListTable, MapTable, StateBackend, ValueTable } from '../state/backend.ts';
import { heapBackend } from '../state/heap-backend.ts';

/**
 * The heap, with everything in it frozen: user code that changes in place what a state gave, and so what no
 * failed call can undo and no other backend would see, throws where it does so.
 */
export const frozenBackend: StateBackend = {
  values: name => frozenValues(heapBackend.values(name)),
  maps: name => frozenMaps(heapBackend.maps(name)),
  lists: name => frozenLists(heapBackend.lists(name)),
};

function frozenValues(table: ValueTable): ValueTable {
  const set = table.set.bind(table);
  table.set = (key, row) => set(key, frozen(row));
  return table;
}

function frozenMaps(table: MapTable): MapTable {
  const set = table.set.bind(table);
  table.set = (key, name, row) => set(key, name, frozen(row));
  return table;
}

function frozenLists(table: ListTable): ListTable {
  const add = table.add.bind(table);
  const set = table.set.bind(table);
  table.add = (key, row) => add(key, frozen(row));
  table.set = (key, rows) => {
    for (const row of rows) frozen(row);
    set(key, rows);
  };
  return table;
}

/** Objects and arrays all the way down; what cannot be frozen stays as it is. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}
