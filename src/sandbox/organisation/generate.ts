import type { JsonObject } from '../../core/scim.ts';
import { assignmentId } from './changes.ts';
import { generateGroups, type GeneratedGroup } from './generate-groups.ts';
import { generateUsers } from './generate-users.ts';
import type { AppRoleAssignment, AppRoleDefinition, OrganisationState, PrincipalType } from './model.ts';
import type { ServicePrincipal, TenantUser } from './model.ts';
import { createOrganisation, type Organisation } from './organisation.ts';
import { createRandom, type Random } from './random.ts';

export interface GenerateOptions {
  readonly seed: number;
  readonly users: number;
  readonly groups: number;
  /** Dates changes made later, ms since the epoch. The generated objects themselves are dated by the seed. */
  readonly now?: () => number;
}

/** When everything generated was created: fixed, so that the same seed gives the same bytes. */
export const FOUNDED = '2024-03-01T08:00:00Z';

function appRole(random: Random, value: string | null, displayName: string, isEnabled = true): AppRoleDefinition {
  const description = `${displayName} of the application`;
  return { id: random.guid(), value, displayName, description, isEnabled, allowedMemberTypes: ['User'] };
}

function application(random: Random, displayName: string, appRoles: readonly AppRoleDefinition[]): ServicePrincipal {
  const properties: JsonObject = { createdDateTime: FOUNDED };
  return { id: random.guid(), appId: random.guid(), displayName, appRoles, properties };
}

function assignment(
  resource: ServicePrincipal,
  principalId: string,
  principalType: PrincipalType,
  role: AppRoleDefinition,
): AppRoleAssignment {
  const id = assignmentId(principalId, resource.id, role.id);
  return { id, principalId, principalType, resourceId: resource.id, appRoleId: role.id, createdDateTime: FOUNDED };
}

/** Some users directly, some only through groups, some both ways, some through two roles, and some not at all. */
function assignments(
  random: Random,
  resource: ServicePrincipal,
  users: readonly TenantUser[],
  groups: readonly GeneratedGroup[],
): AppRoleAssignment[] {
  const roles = resource.appRoles.filter((role) => role.isEnabled);
  const assigned = groups
    .filter((group) => group.assigned)
    .map((group) => assignment(resource, group.id, 'Group', random.pick(roles)));
  for (const user of users) {
    if (!random.chance(0.3)) continue;
    const role = random.pick(roles);
    assigned.push(assignment(resource, user.id, 'User', role));
    const other = random.pick(roles);
    if (other !== role && random.chance(0.1)) assigned.push(assignment(resource, user.id, 'User', other));
  }
  return assigned;
}

/** The plain state of a generated organisation; see {@link generateOrganisation}. */
export function generateState(options: GenerateOptions): OrganisationState {
  const random = createRandom(options.seed);
  const tenantId = random.guid();
  const domain = 'contoso.example';
  const users = generateUsers(random, { count: options.users, domain, founded: FOUNDED });
  const acme = application(random, 'Acme "Cloud" 100%', [
    appRole(random, 'User', 'User'),
    appRole(random, 'Admin', 'Administrator'),
    appRole(random, null, 'msiam_access'),
    appRole(random, 'Legacy', 'Retired role', false),
  ]);
  const other = application(random, 'Other application', [appRole(random, 'User', 'User')]);
  const groups = generateGroups(random, { count: options.groups, users, founded: FOUNDED, outsider: other.id });
  const elsewhere = other.appRoles[0];
  const assignedElsewhere =
    elsewhere === undefined
      ? []
      : users.filter((_, index) => index % 10 === 0).map((user) => assignment(other, user.id, 'User', elsewhere));
  return {
    tenantId,
    domain,
    users,
    deletedUsers: generateUsers(random, {
      count: Math.ceil(options.users / 500),
      domain: `deleted.${domain}`,
      founded: FOUNDED,
    }).map((user) => ({ id: user.id, user, deletedDateTime: '2026-01-15T10:00:00Z', memberOf: [], assignments: [] })),
    groups: groups.map(({ id, properties, members }) => ({ id, properties, members })),
    servicePrincipals: [acme, other],
    assignments: [...assignments(random, acme, users, groups), ...assignedElsewhere],
  };
}

/**
 * A company of any size that has what real ones have: guests, disabled users, nested, dynamic, on-premises,
 * mail-enabled and role-assignable groups, awkward and colliding names, people with several paths to the application,
 * and a management tree. The first service principal is the enterprise application to provision.
 */
export function generateOrganisation(options: GenerateOptions): Organisation {
  return createOrganisation(generateState(options), options.now);
}
