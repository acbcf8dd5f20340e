import type { ProviderProfile } from '../../core/profile.ts';
import type { Json, JsonObject } from '../../core/scim.ts';
import { asBoolean, isArray, isObject, readMember } from '../../core/scim-path.ts';

/** Whether one of the values is marked as primary (RFC 7643 section 2.4). */
function hasPrimary(values: readonly Json[]): boolean {
  return values.some((value) => isObject(value) && asBoolean(readMember(value, 'primary')) === true);
}

/**
 * Values for a list, the first marked as primary where the provider requires one to be and neither these nor those
 * already there are.
 */
export function markedPrimary(
  profile: ProviderProfile,
  list: string,
  values: readonly Json[],
  present: readonly Json[] = [],
): readonly Json[] {
  const [first, ...others] = values;
  if (!profile.attributes.primaryRequired.includes(list) || !isObject(first)) return values;
  return hasPrimary([...values, ...present]) ? values : [{ ...first, primary: true }, ...others];
}

/** A whole resource with every list marked as the provider requires. */
export function withPrimaries(profile: ProviderProfile, body: JsonObject): JsonObject {
  let marked = body;
  for (const list of profile.attributes.primaryRequired) {
    const values = marked[list];
    if (isArray(values)) marked = { ...marked, [list]: markedPrimary(profile, list, values) };
  }
  return marked;
}
