import type { ProviderProfile } from '../../core/profile.ts';
import { type AttributeChange, type Json, URN } from '../../core/scim.ts';
import { isObject, pathOf } from '../../core/scim-path.ts';

export type PatchVerb = 'add' | 'replace' | 'remove';

/** One operation of a PATCH body (RFC 7644 section 3.5.2), in the provider's spelling. */
export type PatchOperation = { readonly op: string; readonly path?: string; readonly value?: Json };

const CAPITAL: Readonly<Record<PatchVerb, string>> = { add: 'Add', replace: 'Replace', remove: 'Remove' };

/** A PATCH operation with `op` spelled as the profile says. */
export function patchOperation(
  profile: ProviderProfile,
  verb: PatchVerb,
  rest: { readonly path?: string; readonly value?: Json },
): PatchOperation {
  return { op: profile.patch.opCase === 'capital' ? CAPITAL[verb] : verb, ...rest };
}

const MANAGER = `${URN.enterpriseUser}:manager`;

/** The place a reference is written to: `manager.value` and `manager` are the same place, and providers know the second. */
export function referencePath(path: string): string {
  const { text } = pathOf(path);
  return text === `${MANAGER}.value` ? MANAGER : text;
}

/** A value in the provider's dialect, for the path it is sent to. Only PATCH is concerned; bodies of POST and PUT are plain SCIM. */
export function dialectValue(profile: ProviderProfile, path: string, value: Json): Json {
  if (path === 'active' && typeof value === 'boolean' && profile.patch.activeAs === 'string')
    return value ? 'True' : 'False';
  if (path !== MANAGER) return value;
  const id = isObject(value) ? value['value'] : value;
  if (id === undefined || id === null) return value;
  return profile.patch.managerAs === 'string' ? id : { value: id };
}

/** A change with its path in canonical case and references at the place providers know. */
export function settledChange(change: AttributeChange): AttributeChange {
  return { ...change, path: referencePath(change.path) };
}
