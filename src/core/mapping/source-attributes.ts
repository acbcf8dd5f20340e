import type { AttributeValue, DirectoryUser } from '../directory.ts';
import { nearestName } from './nearest-name.ts';
import type { Evaluate, Value } from './value.ts';

/**
 * Directory attributes that are text and may be mapped, by their Microsoft Graph names (Graph v1.0, type user).
 * Only used to find slips of the pen: a name that is not here may still be an extension.
 */
const KNOWN: ReadonlySet<string> = new Set(
  (
    'ageGroup businessPhones city companyName consentProvidedForMinor country createdDateTime creationType department ' +
    'displayName employeeHireDate employeeId employeeLeaveDateTime employeeType externalUserState faxNumber givenName ' +
    'imAddresses jobTitle legalAgeGroupClassification mail mailNickname mobilePhone officeLocation ' +
    'onPremisesDistinguishedName onPremisesDomainName onPremisesImmutableId onPremisesSamAccountName ' +
    'onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName otherMails postalCode ' +
    'preferredDataLocation preferredLanguage proxyAddresses state streetAddress surname usageLocation ' +
    'userPrincipalName userType employeeOrgData.costCenter employeeOrgData.division'
  ).split(' '),
);

/** Names Entra's mapping page shows for attributes Graph calls otherwise. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['mobile', 'mobilePhone'],
  ['facsimileTelephoneNumber', 'faxNumber'],
  ['physicalDeliveryOfficeName', 'officeLocation'],
  ['dirSyncEnabled', 'onPremisesSyncEnabled'],
  ['immutableId', 'onPremisesImmutableId'],
  ['onPremisesSecurityId', 'onPremisesSecurityIdentifier'],
  ...Array.from({ length: 15 }, (_, index): [string, string] => [
    `extensionAttribute${index + 1}`,
    `onPremisesExtensionAttributes.extensionAttribute${index + 1}`,
  ]),
]);

/** How one source attribute is read. `select` is what the directory must be asked for, null for what is always known. */
export interface SourceAttribute {
  readonly read: Evaluate;
  readonly select: string | null;
}

/** The guest part of a B2B user's userPrincipalName, which Entra cuts off (Learn: how-provisioning-works, B2B users). */
const GUEST_SUFFIX = /#EXT#@[^@]*$/i;

const COMPUTED: ReadonlyMap<string, SourceAttribute> = new Map<string, SourceAttribute>([
  // Computed by Entra, never stored: whoever is mapped is entitled, so it is always "False".
  ['IsSoftDeleted', { read: () => 'False', select: null }],
  ['accountEnabled', { read: ({ user }) => user.enabled, select: null }],
  ['objectId', { read: ({ user }) => user.id, select: null }],
  ['id', { read: ({ user }) => user.id, select: null }],
  ['originalUserPrincipalName', { read: plain('userPrincipalName'), select: 'userPrincipalName' }],
  ['userPrincipalName', { read: ({ user }) => withoutGuestSuffix(user), select: 'userPrincipalName' }],
  ['telephoneNumber', { read: ({ user }) => firstOf(user, 'businessPhones'), select: 'businessPhones' }],
]);

const REFERENCES: ReadonlyMap<string, string> = new Map([
  ['manager', 'manager is a reference to another user and can only be mapped directly, not used in an expression'],
  ['appRoleAssignments', 'appRoleAssignments can only be used as SingleAppRoleAssignment([appRoleAssignments])'],
]);

/** Finds a source attribute by the name used in a mapping, which is case-sensitive as in Entra. */
export function resolveSource(name: string): SourceAttribute | { readonly problem: string } {
  const computed = COMPUTED.get(name);
  if (computed !== undefined) return computed;
  const reference = REFERENCES.get(name);
  if (reference !== undefined) return { problem: reference };
  const target = ALIASES.get(name) ?? name;
  if (KNOWN.has(target) || ALIASES.has(name)) return { read: plain(target), select: target };
  const meant = sourceNames();
  const spelled = meant.find((known) => known.toLowerCase() === name.toLowerCase());
  if (spelled !== undefined) return { problem: `names are case-sensitive: write ${spelled}, not ${name}` };
  if (!/^[A-Za-z][\w.:-]*$/.test(name) || name in Object.prototype) {
    const near = nearestName(name, meant);
    return { problem: `"${name}" is no directory attribute${near === undefined ? '' : `; did you mean ${near}?`}` };
  }
  return { read: plain(name), select: name };
}

/** Names of source attributes a mapping may use, for suggestions. */
export function sourceNames(): readonly string[] {
  return [...KNOWN, ...COMPUTED.keys(), ...REFERENCES.keys(), ...ALIASES.keys()];
}

/** Directory and schema extensions (Learn: graph/extensibility-overview): `extension_<32 hex>_x`, `ext<8>_x.y`, `contoso_x.y`. */
const EXTENSION = /^extension_[0-9a-f]{32}_\w+$|^\w+_\w+(\.\w+)*$|^onPremisesExtensionAttributes\./i;

/** Whether a directory attribute, by directory name, is a known one or has the form of an extension. */
export function isKnownSource(select: string): boolean {
  return KNOWN.has(select) || EXTENSION.test(select);
}

function valueOf(value: AttributeValue | undefined): Value {
  return value ?? null;
}

function plain(name: string): Evaluate {
  return ({ user }) => valueOf(user.attributes[name]);
}

function withoutGuestSuffix(user: DirectoryUser): Value {
  const name = valueOf(user.attributes['userPrincipalName']);
  return typeof name === 'string' && name.includes('#') ? name.replace(GUEST_SUFFIX, '') : name;
}

function firstOf(user: DirectoryUser, name: string): Value {
  const value = valueOf(user.attributes[name]);
  return typeof value === 'object' ? (value?.[0] ?? null) : value;
}
