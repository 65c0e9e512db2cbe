import { LOG } from '@lite-streams/core/internal';
import { DeliverySink } from '../../packages/core/src/delivery/delivery-sink.ts';
import { SourceTask } from '../../packages/core/src/pipeline/source-task.ts';
import { ShardScribe } from '../../packages/workers/src/owner/shard-scribe.ts';
import { EpochFiles } from '../../packages/workers/src/storage/epoch-files.ts';
import { FrameScanner } from '../../packages/workers/src/storage/frame-scanner.ts';
import { SimulatedDisk } from '../../packages/workers/src/storage/testing/simulated-disk.ts';

/** A bug that the simulation has to find, or it proves nothing. */
export interface PlantedBug {
  readonly name: string;
  /** In so many seeds it is surely found. */
  readonly seeds: number;
  /** Puts it into the code of this process; what is returned takes it out again. */
  plant(): () => void;
}

/** Methods of a class that a bug replaces, private ones among them. */
type Methods = Record<string, (this: never, ...parameters: never[]) => unknown>;

function replaced(of: object, method: string, by: Methods[string]): () => void {
  const methods = of as Methods;
  const before = methods[method];
  methods[method] = by;
  return () => {
    methods[method] = before;
  };
}

interface Scribe {
  readonly writtenTo: number;
  publish(word: number, sequence: number): void;
}

type Commit = (this: EpochFiles, epoch: unknown) => void;

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'an acknowledgement before the flush',
    seeds: 20,
    plant() {
      const write = ShardScribe.prototype.write;
      return replaced(ShardScribe.prototype, 'write', function (this: ShardScribe & Scribe) {
        const wrote = write.call(this);
        if (wrote)
          (this as unknown as Scribe).publish(LOG.durable, (this as unknown as Scribe).writtenTo);
        return wrote;
      } as never);
    },
  },
  {
    name: 'a frame whose checksum nobody looks at',
    seeds: 80,
    plant: () => replaced(FrameScanner.prototype, 'isIntact', () => true),
  },
  {
    name: 'an epoch that is committed before its state is on disk',
    seeds: 60,
    plant() {
      const open = SimulatedDisk.prototype.openFile;
      return replaced(SimulatedDisk.prototype, 'openFile', function (
        this: SimulatedDisk,
        ...args: Parameters<typeof open>
      ) {
        const file = open.apply(this, args);
        return args[0].endsWith('.epoch.new') ? { ...file, dataSync: () => {} } : file;
      } as never);
    },
  },
  {
    name: 'an epoch that is committed before its inputs are in their logs',
    seeds: 60,
    plant: () => replaced(SourceTask.prototype, 'inputIsKept', () => true),
  },
  {
    name: 'outputs that are appended before their epoch is kept',
    seeds: 40,
    plant() {
      const commit = EpochFiles.prototype.commit as Commit;
      const held = new WeakMap<EpochFiles, unknown>();
      return replaced(EpochFiles.prototype, 'commit', function (this: EpochFiles, epoch: unknown) {
        const before = held.get(this);
        held.set(this, epoch);
        if (before !== undefined) commit.call(this, before);
      } as never);
    },
  },
  {
    name: 'results that are handed outside before their epoch is committed',
    seeds: 60,
    plant() {
      const seal = DeliverySink.prototype.seal;
      return replaced(DeliverySink.prototype, 'seal', function (
        this: DeliverySink,
        ...args: Parameters<typeof seal>
      ) {
        const sealed = seal.apply(this, args);
        this.commit();
        return sealed;
      } as never);
    },
  },
  {
    name: 'an epoch that is begun before the results of the last one are taken',
    seeds: 60,
    plant() {
      const settled = Object.getOwnPropertyDescriptor(DeliverySink.prototype, 'settled');
      Object.defineProperty(DeliverySink.prototype, 'settled', {
        get: () => true,
        configurable: true,
      });
      return () => Object.defineProperty(DeliverySink.prototype, 'settled', settled ?? {});
    },
  },
];
