/** Reads a non-empty string out of a job's payload. Throws naming what is missing. */
export function field(data: unknown, name: string): string {
  const value = optionalField(data, name);
  if (value === undefined) throw new Error(`payload needs "${name}"`);
  return value;
}

/** Like `field`, for what may be absent. */
export function optionalField(data: unknown, name: string): string | undefined {
  if (data === null || typeof data !== 'object') throw new Error('payload must be an object');
  const value: unknown = Reflect.get(data, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw new Error(`"${name}" must be a non-empty string`);
  return value;
}
