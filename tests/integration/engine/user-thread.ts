import { parentPort, workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from '@lite-streams/workers';

/** What a thread of the user's own does in these tests, then says `done` or the code of its error. */
export type Task =
  | { readonly do: 'append'; readonly topic: string; readonly from: number; readonly count: number }
  | { readonly do: 'hold'; readonly topic: string }
  | { readonly do: 'consume'; readonly topic: string; readonly group: string }
  | { readonly do: 'topics' };

const { engine: descriptor, task }: { engine: EngineDescriptor; task: Task } = workerData;
const engine = attach(descriptor);

function say(what: unknown): void {
  parentPort?.postMessage(what);
}

async function work(): Promise<void> {
  switch (task.do) {
    case 'append': {
      const producer = engine.topic(task.topic).producer();
      for (let i = task.from; i < task.from + task.count; i++) {
        producer.sendSync({ key: String(i), value: String(i), timestamp: i });
      }
      await producer.close();
      say('done');
      return;
    }
    case 'hold':
      engine.topic(task.topic).producer();
      say('holding');
      setInterval(() => {}, 1_000);
      return;
    case 'consume':
      for await (const batch of engine.topic(task.topic).consume({ group: task.group })) {
        say(batch.copy().map(({ key }) => Number(key)));
      }
      say('done');
      return;
    case 'topics':
      parentPort?.on('message', (name: string) => {
        try {
          say(engine.topic(name).name);
        } catch (error) {
          say((error as { code: string }).code);
        }
      });
      say('ready');
  }
}

await work();
