import type { Anchor } from './directory.ts';
import type { FormerReference, ReferenceChange } from './operation.ts';
import type { ProviderProfile } from './profile.ts';
import type { Account, AttributeChange, DesiredAccount, Json, ResourceId, ScimGroup } from './scim.ts';
import { holds, isAbsent, sameText } from './scim-compare.ts';
import type { ScimPath } from './scim-path.ts';
import { isObject, parsePath, pathOf, readMember, readPath } from './scim-path.ts';

/** What has to be written to an account, in the order of the mapping. */
export interface AccountDiff {
  readonly changes: readonly AttributeChange[];
  readonly references: readonly ReferenceChange[];
}

/**
 * What separates an account from the desired one. Values are compared as `scim-compare.ts` describes; attributes the
 * profile calls unsupported are left out. `references` holds those that point to another resource than they should and
 * those whose anchor has no resource yet: the caller knows whether it will get one in this cycle.
 */
export function diffAccount(
  desired: DesiredAccount,
  account: Account,
  profile: ProviderProfile,
  resolve: (anchor: Anchor) => ResourceId | undefined,
): AccountDiff {
  const supported = supportOf(profile);
  const trims = profile.attributes.userNameNormalised;
  const changes: AttributeChange[] = [];
  for (const [target, after] of desired.attributes) {
    const path = supported(target);
    if (path === undefined) continue;
    const found = currentValue(account, path);
    if (found === after || holds(path, found, after, trims)) continue;
    changes.push({ path: target, before: isAbsent(found) ? null : (found ?? null), after });
  }
  const references: ReferenceChange[] = [];
  for (const [target, to] of desired.references) {
    const path = supported(target);
    if (path === undefined) continue;
    const id = resolve(to);
    if (id === undefined || referenceId(readPath(account.body, path)) !== id) references.push({ path: target, to });
  }
  return { changes, references };
}

/** The adapter has already understood how the provider spells these three; the body is what it sent. */
function currentValue(account: Account, path: ScimPath): Json | undefined {
  if (path.text === 'active') return account.active;
  if (path.text === 'userName') return account.userName;
  return readPath(account.body, path) ?? (path.text === 'externalId' ? account.externalId : undefined);
}

/**
 * The resource id a reference as read points to: a bare string, the `value` of an object, or else the last segment of
 * its `$ref` (RFC 7643 section 2.4). Undefined when it points nowhere.
 */
export function referenceId(value: Json | undefined): ResourceId | undefined {
  if (typeof value === 'string' && value !== '') return value;
  if (!isObject(value)) return undefined;
  const id = readMember(value, 'value');
  if (typeof id === 'string' && id !== '') return id;
  const ref = readMember(value, '$ref');
  const segment = typeof ref === 'string' ? ref.split(/[?#]/, 1)[0]?.split('/').at(-1) : undefined;
  if (segment === undefined || segment === '') return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Which resources these reference attributes of an account lead to; none for those that lead nowhere. */
export function formerReferences(
  account: Account,
  references: readonly Pick<ReferenceChange, 'path'>[],
): readonly FormerReference[] {
  return references.flatMap(({ path }) => {
    const resourceId = referenceId(readPath(account.body, pathOf(path)));
    return resourceId === undefined ? [] : [{ path, resourceId }];
  });
}

/** What a new account is created with: every desired value the provider supports, in the order of the mapping. */
export function createAttributes(desired: DesiredAccount, profile: ProviderProfile): readonly AttributeChange[] {
  const supported = supportOf(profile);
  const changes: AttributeChange[] = [];
  for (const [path, after] of desired.attributes) {
    if (!isAbsent(after) && supported(path) !== undefined) changes.push({ path, before: null, after });
  }
  return changes;
}

/** The references a new account is created with, as far as the provider supports them. */
export function createReferences(desired: DesiredAccount, profile: ProviderProfile): readonly ReferenceChange[] {
  const supported = supportOf(profile);
  return [...desired.references].filter(([path]) => supported(path) !== undefined).map(([path, to]) => ({ path, to }));
}

/** Attributes the provider requires on create that the desired account has no value for. */
export function missingRequired(desired: DesiredAccount, profile: ProviderProfile): readonly string[] {
  const present = [...desired.attributes].filter(([, value]) => !isAbsent(value)).map(([path]) => path);
  return profile.attributes.required.filter((required) => !present.some((path) => covers(required, pathOf(path))));
}

/** Why the provider would refuse or shorten the userName, which would end in another one than was asked for; else undefined. */
export function userNameProblem(desired: DesiredAccount, profile: ProviderProfile): string | undefined {
  const userName = desired.attributes.get('userName');
  if (typeof userName !== 'string') return undefined;
  const { userNameMaxLength: most, userNameCharacters: characters } = profile.attributes;
  if (most !== null && userName.length > most)
    return `the userName is longer than the ${most} characters the provider takes`;
  if (characters !== null && !new RegExp(`^[${characters}]*$`, 'iu').test(userName))
    return `the userName has characters the provider does not take (it takes ${characters})`;
  return undefined;
}

/** Those of the given targets that the profile says the provider does not know, for a notice to the operator. */
export function unsupportedTargets(targets: Iterable<string>, profile: ProviderProfile): readonly string[] {
  const supported = supportOf(profile);
  return [...targets].filter((target) => supported(target) === undefined);
}

const answers = new WeakMap<ProviderProfile, Map<string, ScimPath | null>>();

/**
 * The parsed path where a profile supports it, else undefined. Remembered per profile, because it is asked for every
 * attribute of every user; the targets are those of mappings, so there are few.
 */
function supportOf(profile: ProviderProfile): (target: string) => ScimPath | undefined {
  let known = answers.get(profile);
  if (known === undefined) {
    known = new Map();
    answers.set(profile, known);
  }
  const paths = known;
  return (target) => {
    const answer = paths.get(target);
    if (answer !== undefined) return answer ?? undefined;
    const path = pathOf(target);
    const supported = !profile.attributes.unsupported.some((each) => covers(each, path));
    paths.set(target, supported ? path : null);
    return supported ? path : undefined;
  };
}

/** Whether what a profile names (a schema, an attribute or a part of one) includes a path. */
function covers(named: string, path: ScimPath): boolean {
  if (path.urn !== null && named.toLowerCase() === path.urn.toLowerCase()) return true;
  const parsed = parsePath(named);
  if ('problem' in parsed) return false;
  const whole = parsed.path;
  if (whole.text.toLowerCase() === path.text.toLowerCase()) return true;
  if (whole.urn !== path.urn || whole.attribute.toLowerCase() !== path.attribute.toLowerCase()) return false;
  if (whole.filter === null && whole.subAttribute === null) return true;
  return path.text.toLowerCase().startsWith(`${whole.text.toLowerCase()}.`);
}

/**
 * What separates a SCIM group from what it should be: its name, compared with case, and the anchor in externalId,
 * compared exactly (RFC 7643 section 3.1). Give the profile to leave out what the provider does not support.
 */
export function diffGroup(
  desired: { readonly displayName: string; readonly externalId: string },
  group: ScimGroup,
  profile?: ProviderProfile,
): readonly AttributeChange[] {
  const changes: AttributeChange[] = [];
  if (!sameText(group.displayName, desired.displayName, 'exact')) {
    changes.push({ path: 'displayName', before: group.displayName || null, after: desired.displayName });
  }
  const keepsIds = profile === undefined || supportOf(profile)('externalId') !== undefined;
  if (keepsIds && group.externalId !== desired.externalId) {
    changes.push({ path: 'externalId', before: group.externalId ?? null, after: desired.externalId });
  }
  return changes;
}
