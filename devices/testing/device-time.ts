import { EventEmitter } from 'node:events';
import Docker from 'dockerode';

/** Adds up the time in which somebody waits: overlapping waits count once. */
export class DeviceTime {
  readonly #now: () => number;
  #pending = 0;
  #since = 0;
  #total = 0;

  /** `now`: milliseconds on a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds so far, the wait under way included. */
  get milliseconds(): number {
    return this.#total + (this.#pending > 0 ? this.#now() - this.#since : 0);
  }

  async during<T>(wait: PromiseLike<T>): Promise<T> {
    if (this.#pending === 0) this.#since = this.#now();
    this.#pending += 1;
    try {
      return await wait;
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#total += this.#now() - this.#since;
    }
  }

  /** The same look, whose pauses from one call to the next are waits, too. */
  repeated<T>(look: () => T | Promise<T>): () => Promise<T> {
    let last: { ended: number; counted: number } | undefined;
    return async () => {
      // What else was awaited in the pause has been counted.
      if (last !== undefined) this.#total += this.#now() - last.ended - (this.milliseconds - last.counted);
      try {
        return await this.during(Promise.resolve(look()));
      } finally {
        last = { ended: this.#now(), counted: this.milliseconds };
      }
    };
  }

  /** The same object, whose promises are counted, and those of the objects it holds or gives: a device's parts, a service, a stick. */
  counting<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, property) => {
        const value: unknown = Reflect.get(object, property, object);
        if (typeof value === 'function') return (...given: unknown[]) => this.#counted(Reflect.apply(value, object, given));
        return this.#counted(value);
      },
    });
  }

  #counted(value: unknown): unknown {
    if (value instanceof Promise) return this.during(value.then((settled: unknown) => this.#counted(settled)));
    return hasMethods(value) ? this.counting(value) : value;
  }
}

/** The time in which this process's tests wait for their device. */
export const deviceTime = new DeviceTime();

/** Data and other libraries' objects pass as they are: a stream or a dockerode object must stay what it is. */
const foreign = [Docker, EventEmitter, Error, Map, Set, Date, RegExp];

function hasMethods(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (Symbol.iterator in value || Symbol.asyncIterator in value || foreign.some((type) => value instanceof type)) return false;
  const shape: unknown = Object.getPrototypeOf(value);
  return [value, shape === Object.prototype ? undefined : shape].some(
    (level) => typeof level === 'object' && level !== null && Object.values(Object.getOwnPropertyDescriptors(level)).some(isMethod),
  );
}

function isMethod({ value }: PropertyDescriptor): boolean {
  return typeof value === 'function' && value.name !== 'constructor';
}
