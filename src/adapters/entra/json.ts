/** One object of a Graph answer, unread. */
export type RawObject = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is RawObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The value when it is an object, an empty one otherwise: reading a property of it is always safe. */
export function objectOf(value: unknown): RawObject {
  return isObject(value) ? value : {};
}

/** The value when it is a list, an empty one otherwise. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value of a text property when it is text, undefined otherwise. */
export function textOf(object: RawObject, property: string): string | undefined {
  const value = object[property];
  return typeof value === 'string' ? value : undefined;
}
