/** Thrown out of every port of a process that has died: what it was doing goes no further. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Methods that answer at once, from what the process knows: nothing can go wrong around them. */
const SYNCHRONOUS: ReadonlySet<string | symbol> = new Set(['pace', 'preview', 'show']);

/**
 * One life of a process. Its ports report the moment before and after each call; at the moment set for it the process
 * dies, and from then on none of its calls has any effect.
 */
export class ModelProcess {
  readonly worker: string;
  alive = true;
  /** Moments left to live; undefined for a long life. */
  left: number | undefined;
  readonly #onMoment: () => void;

  constructor(worker: string, onMoment: () => void) {
    this.worker = worker;
    this.#onMoment = onMoment;
  }

  #reach(): void {
    if (!this.alive) throw new Crash();
    this.#onMoment();
    if (this.left === undefined) return;
    this.left -= 1;
    if (this.left <= 0) this.die();
  }

  /** Dies here and now. */
  die(): never {
    this.alive = false;
    throw new Crash();
  }

  /** The same port, as this process has it. Every method but the synchronous ones answers with a promise. */
  own<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name): unknown => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function' || SYNCHRONOUS.has(name)) return value;
        return async (...given: readonly unknown[]): Promise<unknown> => {
          this.#reach();
          const answer: unknown = await Reflect.apply(value, target, given);
          this.#reach();
          return answer;
        };
      },
    });
  }
}
