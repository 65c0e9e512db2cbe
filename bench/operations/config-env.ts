import { resolveConfig } from '@lite-streams/core';
import { expectEqual } from '../runner/measurable.ts';
import { DISTINCT } from '../workload.ts';
import { measurable } from './operation.ts';

/** A full load of the option table with the shards taken from the environment, another number each time. */
export default () => {
  const environments = Array.from({ length: DISTINCT }, (_, index) => ({
    STREAM_SHARDS: String(index + 1),
  }));
  return measurable({
    name: 'config-env',
    operations: DISTINCT,
    turn() {
      let shards = 0;
      for (const environment of environments) shards += resolveConfig({}, environment).shards;
      return shards;
    },
    verify(turns, shards) {
      expectEqual('shards', shards, turns * ((DISTINCT * (DISTINCT + 1)) / 2));
    },
  });
};
