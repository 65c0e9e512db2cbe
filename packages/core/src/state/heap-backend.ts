import type { StateBackend } from './backend.ts';
import { KeyMap } from './key-map.ts';
import {
  type StoredList,
  StoredLists,
  type StoredMap,
  StoredMaps,
  StoredValues,
} from './tables.ts';

/** State on the heap of the thread: the default. */
export const heapBackend: StateBackend = {
  values: () => new StoredValues(new KeyMap<unknown>()),
  maps: () => new StoredMaps(new KeyMap<StoredMap>()),
  lists: () => new StoredLists(new KeyMap<StoredList>()),
};
