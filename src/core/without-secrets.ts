import type { Operation } from './operation.ts';
import { isArray, isObject } from './scim-path.ts';
import type { AttributeChange, Json } from './scim.ts';

const REDACTED = '[redacted]';

/** RFC 7643 section 7: a password is write-only; a mapping may send one, nothing that is shown or kept to be shown may tell it. */
function isSecret(path: string): boolean {
  return /(^|:)password$/i.test(path);
}

function hidden(value: Json): Json {
  return value === null ? null : REDACTED;
}

/** A change as it may be shown and kept: a secret's value is hidden, that it changed is not. */
export function withoutSecret({ path, before, after }: AttributeChange): AttributeChange {
  if (!isSecret(path)) return { path, before, after };
  return { path, before: hidden(before), after: hidden(after) };
}

/** An operation as it may be shown; the very same one where it sets no secret. */
export function shownOperation(operation: Operation): Operation {
  if (!('attributes' in operation) || !operation.attributes.some(({ path }) => isSecret(path))) return operation;
  return { ...operation, attributes: operation.attributes.map(withoutSecret) };
}

/** Values by SCIM path, or the body of a request, as they may be shown and kept. */
export function shownValues<Value extends Json>(value: Value): Value;
export function shownValues(value: Json): Json {
  if (isArray(value)) return value.map((one) => shownValues(one));
  if (!isObject(value)) return value;
  const { path } = value;
  const secretPath = typeof path === 'string' && isSecret(path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      isSecret(key) || (secretPath && key === 'value') ? [key, hidden(inner)] : [key, shownValues(inner)],
    ),
  );
}
