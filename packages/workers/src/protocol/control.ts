import {
  add,
  type Bell,
  fail,
  loadAcquire,
  storeRelease,
  waitAsync,
  waitSync,
  wakeAll,
} from '@lite-streams/core/ground';

/**
 * The words that all threads of an engine share, beside its bell.
 *
 * ```
 *   0  magic    1  layout version
 *   2  threads handed out so far: a thread's number identifies it in every shard   whoever starts one
 *   3  letters  grows with every message to a processor, so that one that steps
 *               without returning to its event loop looks into its port            the supervisor
 *   4  state    running, stopping, stopped                                         the main thread
 *   5  calls    grows when somebody asks the owners to look at once                any thread
 * ```
 */
const MAGIC = 0x4c534531; // "LSE1"
const VERSION = 1;

const THREADS = 2;
const LETTERS = 3;
const STATE = 4;
const CALLS = 5;
const WORDS = 32;

export const ENGINE_STATE = { running: 0, stopping: 1, stopped: 2 } as const;
export type EngineState = (typeof ENGINE_STATE)[keyof typeof ENGINE_STATE];

export class Control {
  private readonly words: Int32Array;
  private bell: Bell | undefined;

  private constructor(words: Int32Array) {
    this.words = words;
  }

  static create(): Control {
    const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
    words[0] = MAGIC;
    words[1] = VERSION;
    return new Control(words);
  }

  /** Throws `LAYOUT_MISMATCH` for memory that another version of the package made. */
  static attach(buffer: SharedArrayBuffer): Control {
    const words = new Int32Array(buffer);
    if (words[0] !== MAGIC || words[1] !== VERSION || words.length !== WORDS) {
      fail(
        'LAYOUT_MISMATCH',
        `The memory of an engine has magic ${words[0]}, version ${words[1]} and ${buffer.byteLength} ` +
          `bytes; this build takes ${MAGIC}, ${VERSION} and ${WORDS * 4}: all threads must load the ` +
          'same version of the package.',
      );
    }
    return new Control(words);
  }

  get buffer(): SharedArrayBuffer {
    return this.words.buffer as SharedArrayBuffer;
  }

  /** A number that no thread of this engine has had. The first is 1, the main thread's. */
  nextThread(): number {
    return add(this.words, THREADS, 1) + 1;
  }

  letters(): number {
    return loadAcquire(this.words, LETTERS);
  }

  letterPosted(): void {
    add(this.words, LETTERS, 1);
  }

  /** Asks every owner to look at its shards now. */
  look(): void {
    add(this.words, CALLS, 1);
    wakeAll(this.words, CALLS);
    this.bell?.ring();
  }

  /** From now on `look` rings the bell too: owners that write logs wait there. */
  ringsToo(bell: Bell): void {
    this.bell = bell;
  }

  calls(): number {
    return loadAcquire(this.words, CALLS);
  }

  /** Resolves when somebody has called since there were `seen` calls, or after `timeoutMs`. */
  async called(seen: number, timeoutMs: number): Promise<void> {
    await waitAsync(this.words, CALLS, seen, timeoutMs);
  }

  get state(): EngineState {
    return loadAcquire(this.words, STATE) as EngineState;
  }

  set state(state: EngineState) {
    storeRelease(this.words, STATE, state);
  }
}

/** One word that a thread blocks on until another has answered it. */
export class Answer {
  readonly words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(4)) {
    this.words = new Int32Array(buffer);
  }

  get buffer(): SharedArrayBuffer {
    return this.words.buffer as SharedArrayBuffer;
  }

  given(): void {
    storeRelease(this.words, 0, 1);
    wakeAll(this.words, 0);
  }

  /** Blocks until the answer is given, `timeoutMs` at most. Tells whether it is. */
  wait(timeoutMs: number): boolean {
    return waitSync(this.words, 0, 0, timeoutMs) !== 'timed-out';
  }
}
