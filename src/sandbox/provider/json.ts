/** JSON while it is being built or changed. The read-only counterpart in core is `Json`. */
export type Value = string | number | boolean | null | Value[] | Complex;
export type Complex = { [name: string]: Value };

/** True for a JSON object: neither null, nor a list, nor a simple value. */
export function isComplex(value: unknown): value is Complex {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A deep copy. Several times faster than structuredClone on the small bodies of SCIM resources. */
export function copyValue<T extends Value>(value: T): T;
export function copyValue(value: Value): Value {
  if (Array.isArray(value)) return value.map((element) => copyValue(element));
  if (!isComplex(value)) return value;
  const copy: Complex = {};
  for (const [name, inner] of Object.entries(value)) copy[name] = copyValue(inner);
  return copy;
}

/** Deep equality in which the order of names does not count and the order of list elements does. */
export function sameValue(left: Value | undefined, right: Value | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((element, index) => sameValue(element, right[index]))
    );
  }
  if (!isComplex(left) || !isComplex(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameValue(left[name], right[name]))
  );
}
