import { resolveConfig } from '@lite-streams/core';
import { expectEqual } from '../runner/measurable.ts';
import { measurable } from './operation.ts';

const LOADS = 64;

/** A full load of the option table: every option, checked, nothing given. */
export default () =>
  measurable({
    name: 'config-default',
    operations: LOADS,
    turn() {
      let shards = 0;
      for (let i = 0; i < LOADS; i++) shards += resolveConfig({}, {}).shards;
      return shards;
    },
    verify(turns, shards) {
      expectEqual('shards of all configurations', shards, turns * LOADS * 4);
    },
  });
