import { bufferCount, groupBy, mergeMap, Subject } from 'rxjs';
import { expectEqual, type Measurable } from '../runner/measurable.ts';
import {
  EVENT_KEYS,
  EVENTS_PER_SECOND,
  EVENTS_PER_WINDOW,
  type Event,
  KEY_NAMES,
  keyIndexOf,
  timestampOf,
} from '../throughput/events.ts';

const SECONDS = { full: 6, quick: 1 };

/**
 * RxJS: `groupBy` the key, `bufferCount` as many as a window holds, count each. One thread, no log, no
 * event time: the windows come out the same only because the events come in order.
 */
export default (): Measurable => ({
  measure({ quick }) {
    const seconds = quick ? SECONDS.quick : SECONDS.full;
    const events = Array.from(
      { length: EVENTS_PER_SECOND },
      (_, sequence): Event => ({
        key: KEY_NAMES[keyIndexOf(sequence)],
        timestamp: timestampOf(sequence),
      }),
    );
    let windows = 0;
    let counted = 0;
    const source = new Subject<Event>();
    source
      .pipe(
        groupBy(event => event.key),
        mergeMap(group => group.pipe(bufferCount(EVENTS_PER_WINDOW))),
      )
      .subscribe(buffer => {
        windows++;
        counted += buffer.length;
      });
    const startMs = performance.now();
    for (let second = 0; second < seconds; second++) for (const event of events) source.next(event);
    const elapsed = (performance.now() - startMs) / 1000;
    expectEqual('windows', windows, seconds * EVENT_KEYS);
    expectEqual('events in windows', counted, seconds * EVENTS_PER_SECOND);
    const rate = (seconds * EVENTS_PER_SECOND) / elapsed;
    return [{ name: 'rxjs-group-buffer', unit: 'records/s', samples: [rate] }];
  },
});
