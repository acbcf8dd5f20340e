import { expect } from 'vitest';

/** A part of a port. What a test did not give fails loudly when it is used. */
export function only<T extends object>(given: Partial<T>): T {
  const proxy = new Proxy(given, {
    get: (target, name) =>
      Reflect.get(target, name) ?? (() => expect.unreachable(`${String(name)} is not part of this test`)),
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the proxy answers for what is missing
  return proxy as T;
}
