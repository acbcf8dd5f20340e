import type { Anchor, AttributeValue, DirectoryGroup, DirectoryUser } from '../core/directory.ts';
import type { JsonObject } from '../core/scim.ts';
import type { AppRoleAssignment, OrganisationState, TenantUser } from '../sandbox/organisation/model.ts';
import type { CopiedState } from './copy-state.ts';

/** When copied objects are said to have been made: the directory was not asked, and nothing depends on it. */
const LONG_AGO = '2020-01-01T00:00:00Z';

/** Attribute names of mappings that Graph spells otherwise. */
const GRAPH_NAMES: Readonly<Record<string, string>> = {
  objectId: 'id',
  originalUserPrincipalName: 'userPrincipalName',
};

function pathOf(attribute: string): readonly string[] {
  if (/^extensionAttribute\d+$/.test(attribute)) return ['onPremisesExtensionAttributes', attribute];
  return (GRAPH_NAMES[attribute] ?? attribute).split('.');
}

/** Attributes as Graph holds them: `a.b` is `b` inside of `a`, and what is null is not set. */
function propertiesOf(attributes: Readonly<Record<string, AttributeValue>>): JsonObject {
  const properties: Record<string, AttributeValue | Record<string, AttributeValue>> = {};
  for (const [attribute, value] of Object.entries(attributes)) {
    const [first = '', second] = pathOf(attribute);
    if (value === null || first === 'id') continue;
    const inside = properties[first];
    if (second === undefined) properties[first] = value;
    else properties[first] = { ...(isGroup(inside) ? inside : {}), [second]: value };
  }
  return properties;
}

function isGroup(value: unknown): value is Record<string, AttributeValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function userOf({ id, enabled, attributes, manager }: DirectoryUser, known: ReadonlySet<Anchor>): TenantUser {
  return {
    id,
    managerId: manager !== undefined && known.has(manager) ? manager : null,
    properties: { createdDateTime: LONG_AGO, ...propertiesOf(attributes), accountEnabled: enabled },
  };
}

function groupProperties(group: DirectoryGroup): JsonObject {
  return {
    createdDateTime: LONG_AGO,
    ...propertiesOf(group.attributes),
    groupTypes: group.dynamic ? ['DynamicMembership'] : [],
    ...(group.onPremises ? { onPremisesSyncEnabled: true } : {}),
    mailEnabled: group.mailEnabled,
    securityEnabled: group.securityEnabled,
    isAssignableToRole: group.roleAssignable,
  };
}

/** Groups with those of their members the copy has; groups inside that were not read stand there empty. */
function groupsOf({ facts: { directory } }: CopiedState, known: ReadonlySet<Anchor>): OrganisationState['groups'] {
  const inside = [...directory.memberships.values()].flatMap(({ nestedGroups }) => nestedGroups);
  const ids = [...new Set([...directory.groups.keys(), ...directory.memberships.keys(), ...inside])].sort();
  return ids.map((id) => {
    const group = directory.groups.get(id);
    const { users = [], nestedGroups = [] } = directory.memberships.get(id) ?? {};
    return {
      id,
      properties: group === undefined ? { displayName: id, createdDateTime: LONG_AGO } : groupProperties(group),
      members: [...new Set([...users.filter((user) => known.has(user)), ...nestedGroups])],
    };
  });
}

/** The slice of the directory a connection is about, as an organisation of its own: every id is the real one. */
export function tenantStateOf(copied: CopiedState, tenantId: string): OrganisationState {
  const { directory } = copied.facts;
  const people = [...directory.users.values(), ...copied.elsewhere.values()];
  const known = new Set(people.map(({ id }) => id));
  const { id, appId, displayName, roles } = directory.application;
  const gone = [...directory.whereabouts].filter(([, where]) => where === 'soft-deleted');
  return {
    tenantId,
    domain: 'rehearsal.invalid',
    users: people.map((user) => userOf(user, known)),
    deletedUsers: gone.map(([user]) => ({
      id: user,
      user: { id: user, managerId: null, properties: { createdDateTime: LONG_AGO } },
      deletedDateTime: LONG_AGO,
      memberOf: [],
      assignments: [],
    })),
    groups: groupsOf(copied, known),
    servicePrincipals: [
      {
        id,
        appId,
        displayName,
        appRoles: roles.map((role) => ({
          id: role.id,
          value: role.value,
          displayName: role.displayName,
          description: role.displayName,
          isEnabled: role.enabled,
          allowedMemberTypes: ['User'],
        })),
        properties: { createdDateTime: LONG_AGO },
      },
    ],
    assignments: assignmentsOf(copied, known),
  };
}

function assignmentsOf(
  { facts: { directory } }: CopiedState,
  known: ReadonlySet<Anchor>,
): readonly AppRoleAssignment[] {
  return directory.assignments.flatMap(({ id, principal, principalKind, roleId }) => {
    const there = principalKind === 'user' ? known.has(principal) : directory.groups.has(principal);
    if (principalKind === 'service-principal' || !there) return [];
    return [
      {
        id,
        principalId: principal,
        principalType: principalKind === 'user' ? ('User' as const) : ('Group' as const),
        resourceId: directory.application.id,
        appRoleId: roleId,
        createdDateTime: LONG_AGO,
      },
    ];
  });
}
