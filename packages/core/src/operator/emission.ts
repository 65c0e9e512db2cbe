import { refusePromise } from '../window/synchronous.ts';
import { isFatal } from './faults.ts';

/** Who hands out the items of an emission. */
export interface Emitter {
  readonly step: string;
  readonly retries: number;
  /** Calls the user code once more. */
  again(): unknown;
  /** Hands one item on; `false` when that suspended. */
  emit(item: unknown): boolean;
  /** User code failed for good after `passed` items had been handed on. */
  refuse(error: unknown, passed: number): boolean;
  /** All items have been handed on. */
  finished(passed: number): void;
}

/**
 * Hands out what user code returned, item by item, and can stop after any one: an iterable's items,
 * nothing for `undefined`, else the value itself (text too). When an iterator throws, user code is
 * called again and the items that were handed on are skipped, so that a function that gives the same
 * for the same input loses and repeats nothing.
 */
export class Emission {
  private readonly emitter: Emitter;
  private items: readonly unknown[] | undefined;
  private at = 0;
  private iterable: Iterable<unknown> | undefined;
  private iterator: Iterator<unknown> | undefined;
  private passed = 0;
  private skip = 0;
  private failures = 0;
  private lastError: unknown;

  constructor(emitter: Emitter) {
    this.emitter = emitter;
  }

  /** Whether there may be items left. */
  get active(): boolean {
    return this.items !== undefined || this.iterable !== undefined;
  }

  begin(returned: unknown): boolean {
    if (typeof returned !== 'object' || returned === null) return this.one(returned);
    this.passed = 0;
    this.failures = 0;
    this.aim(returned);
    return this.proceed();
  }

  /** What is no object is one item, or none: nothing has to be kept for when it is suspended. */
  private one(returned: unknown): boolean {
    const { emitter } = this;
    if (returned === undefined) {
      emitter.finished(0);
      return true;
    }
    const done = emitter.emit(returned);
    emitter.finished(1);
    return done;
  }

  /** Goes on after a suspension. */
  proceed(): boolean {
    if (this.items !== undefined) return this.fromArray(this.items);
    return this.fromIterator();
  }

  private aim(returned: unknown): void {
    this.skip = this.passed;
    if (Array.isArray(returned)) {
      this.items = returned;
      this.at = this.skip;
    } else if (returned === undefined) {
      this.items = [];
      this.at = 0;
    } else if (isIterable(returned)) {
      this.iterable = returned;
    } else {
      if (returned instanceof Promise) refusePromise(this.emitter.step, returned);
      this.items = [returned];
      this.at = this.skip;
    }
  }

  private fromArray(items: readonly unknown[]): boolean {
    while (this.at < items.length) {
      this.passed++;
      if (!this.emitter.emit(items[this.at++])) return false;
    }
    this.items = undefined;
    this.emitter.finished(this.passed);
    return true;
  }

  private fromIterator(): boolean {
    while (this.iterable !== undefined) {
      let step: IteratorResult<unknown>;
      try {
        this.iterator ??= this.iterable[Symbol.iterator]();
        step = this.iterator.next();
      } catch (error) {
        if (isFatal(error)) throw error;
        if (!this.restart(error)) return this.emitter.refuse(this.lastError, this.passed);
        if (this.items !== undefined) return this.fromArray(this.items);
        continue;
      }
      if (step.done === true) break;
      if (this.skip > 0) {
        this.skip--;
        continue;
      }
      this.passed++;
      if (!this.emitter.emit(step.value)) return false;
    }
    this.forget();
    this.emitter.finished(this.passed);
    return true;
  }

  private forget(): void {
    this.iterable = undefined;
    this.iterator = undefined;
  }

  /** Calls user code again; `false` when it has failed often enough. */
  private restart(error: unknown): boolean {
    this.forget();
    this.lastError = error;
    while (this.failures < this.emitter.retries) {
      this.failures++;
      let returned: unknown;
      try {
        returned = this.emitter.again();
      } catch (again) {
        this.lastError = again;
        continue;
      }
      this.aim(returned);
      return true;
    }
    return false;
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
