import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A secret that is read when it is used, so that a rotated file is seen without a restart, and that cannot be printed:
 * JSON, template strings and `util.inspect` (which is what `console` and assertion messages use) show `[redacted]`.
 */
export class Secret {
  readonly #read: () => Promise<string>;
  /** Where the value comes from, for messages: a setting's name or a file's path, never the value. */
  readonly origin: string;

  readonly #identity: string;

  /** `identity` tells one secret from another: by default its origin. It is compared, never shown. */
  constructor(origin: string, read: () => Promise<string>, identity = origin) {
    this.origin = origin;
    this.#read = read;
    this.#identity = identity;
  }

  /** Whether both mean the same: the same file, whatever is in it now, or the same written value. */
  sameAs(other: Secret): boolean {
    return this.#identity === other.#identity;
  }

  /** The value now. Throws ConfigError when its file cannot be read or is empty. */
  async read(): Promise<string> {
    return this.#read();
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return `Secret(${this.origin}: ${REDACTED})`;
  }
}
