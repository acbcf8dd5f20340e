import { Secret } from './secret.ts';

/** Whether two parts of a configuration mean the same. Secrets are the same when they come from the same place. */
export function sameSettings(a: unknown, b: unknown): boolean {
  if (a instanceof Secret || b instanceof Secret) return a instanceof Secret && b instanceof Secret && a.sameAs(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return (
    left.length === right.size && left.every(([key, value]) => right.has(key) && sameSettings(value, right.get(key)))
  );
}
