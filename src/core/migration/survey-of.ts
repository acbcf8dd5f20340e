import type { Anchor, Assignment, DirectorySnapshot, GroupMembership } from '../directory.ts';
import type { Link } from '../link.ts';
import { digestOf } from '../plan.ts';
import type { PlanInput } from '../planning/plan-input.ts';
import { groupName, pathsOf, scopeOf } from '../scope.ts';
import { findingsOf, type Surroundings } from './findings.ts';
import type { MigrationRequest } from './migration.ts';
import type { ActiveAccount, Survey, SurveyedGroup, SurveyedPath, SurveyedUser, SurveyFinding } from './survey.ts';

/** The groups a migration concerns: those named, or every assigned or provisioned one when SCIM is to be switched off. */
export function groupsOfRequest(
  { kind, groups }: Pick<MigrationRequest, 'kind' | 'groups'>,
  directory: Pick<DirectorySnapshot, 'assignments'>,
  links: readonly Link[],
): readonly Anchor[] {
  if (kind === 'remove-groups' || groups.length > 0) return [...new Set(groups)].sort();
  const assigned = directory.assignments.filter(({ principalKind }) => principalKind === 'group');
  const linked = links.filter(({ resource, state }) => resource === 'group' && state !== 'deleted');
  return [...new Set([...assigned.map(({ principal }) => principal), ...linked.map(({ anchor }) => anchor)])].sort();
}

/** Those among the groups that are assigned to the application now: only these let anybody in. */
export function assignedAmong(
  groups: readonly Anchor[],
  { assignments }: Pick<DirectorySnapshot, 'assignments'>,
): readonly Anchor[] {
  const assigned = new Set(assignments.map(({ principal }) => principal));
  return groups.filter((group) => assigned.has(group));
}

function directRoles(assignments: readonly Assignment[]): ReadonlyMap<Anchor, ReadonlySet<string>> {
  const roles = new Map<Anchor, Set<string>>();
  for (const { principalKind, principal, roleId } of assignments) {
    if (principalKind !== 'user') continue;
    const known = roles.get(principal);
    if (known === undefined) roles.set(principal, new Set([roleId]));
    else known.add(roleId);
  }
  return roles;
}

/** Members of a group as the scope rules count them. */
export function countedMembers(
  memberships: ReadonlyMap<Anchor, GroupMembership>,
  group: Anchor,
  expand: boolean,
): readonly Anchor[] {
  const seen = new Set([group]);
  if (expand)
    for (const inner of seen) for (const nested of memberships.get(inner)?.nestedGroups ?? []) seen.add(nested);
  return [...new Set([...seen].flatMap((inner) => memberships.get(inner)?.users ?? []))];
}

/** Puts together what is there. Pure: the same input gives the same bytes and the same digest. */
export function surveyOf(request: MigrationRequest, input: PlanInput, around: Surroundings): Survey {
  const { directory, rules, links, inventory } = input;
  const scope = scopeOf(directory, rules);
  const wanted = groupsOfRequest(request, directory, links);
  const going = new Set(wanted);
  const direct = directRoles(directory.assignments);
  const accounts = new Map(inventory.accounts.resources.map((account) => [account.id, account]));
  const linkOf = new Map(
    links
      .filter(({ resource, state }) => resource === 'account' && state !== 'deleted')
      .map((link) => [link.anchor, link]),
  );
  const createdOf = new Map(directory.assignments.map(({ id, created }) => [id, created]));
  const groups = wanted.map((group) => surveyGroup(group, input, scope.membersOf));
  const assigned = wanted.filter((group) => scope.groups.includes(group));
  const users = [...new Set(assigned.flatMap(scope.membersOf))].sort().map((anchor): SurveyedUser => {
    const paths = pathsOf(scope, directory, anchor).map((path): SurveyedPath => {
      const created = createdOf.get(path.assignment);
      return created === undefined ? path : { ...path, created };
    });
    const roles = paths.filter(({ group }) => group !== undefined && going.has(group)).map(({ roleId }) => roleId);
    const link = linkOf.get(anchor);
    const user = directory.users.get(anchor);
    const name = user?.attributes['userPrincipalName'];
    const account = link === undefined ? undefined : accounts.get(link.resourceId);
    return {
      anchor,
      label: typeof name === 'string' && name !== '' ? name : anchor,
      enabled: user?.enabled === true,
      ...(user !== undefined && scope.filters.admits(user) === false ? { filtered: true } : {}),
      ...(account === undefined ? {} : { account: { id: account.id, active: account.active } }),
      paths,
      missing: [...new Set(roles)].filter((role) => direct.get(anchor)?.has(role) !== true).sort(),
      covered: paths.some(({ group }) => group === undefined || !going.has(group)),
    };
  });
  const active = [...linkOf.values()]
    .filter(({ resourceId }) => accounts.get(resourceId)?.active === true)
    .map(({ anchor, resourceId, label }): ActiveAccount => ({ anchor, id: resourceId, label }))
    .sort((a, b) => (a.anchor < b.anchor ? -1 : 1));
  const { id, appId, displayName } = directory.application;
  const facts = {
    connection: rules.name,
    kind: request.kind,
    application: { id, appId, displayName },
    groups,
    users,
    accounts: active,
    directAssignments: directory.assignments.filter(({ principalKind }) => principalKind === 'user').length,
    uncovered: users.filter(({ covered }) => !covered).map(({ anchor }) => anchor),
  };
  const job = around.jobs.engine === 'entra' ? around.jobs.jobs[0] : undefined;
  const findings = findingsOf(facts, input, around);
  return { ...(job === undefined ? {} : { job }), ...facts, findings, digest: coverageDigest(facts, findings) };
}

function surveyGroup(
  anchor: Anchor,
  { directory, links, inventory, vanished }: PlanInput,
  membersOf: (group: Anchor) => readonly Anchor[],
): SurveyedGroup {
  const link = links.find((one) => one.resource === 'group' && one.anchor === anchor && one.state !== 'deleted');
  const ours = new Set(links.filter(({ resource }) => resource === 'account').map(({ resourceId }) => resourceId));
  const found = link === undefined ? undefined : inventory.groups.resources.find(({ id }) => id === link.resourceId);
  const gone = link === undefined || vanished.group.has(link.resourceId);
  const members = found?.members === undefined ? {} : { members: found.members };
  const foreign = (found?.members ?? []).filter((id) => !ours.has(id)).length;
  return {
    anchor,
    name: directory.groups.has(anchor) ? groupName(directory, anchor) : (link?.label ?? anchor),
    assignments: directory.assignments
      .filter(({ principalKind, principal }) => principalKind === 'group' && principal === anchor)
      .map(({ id, roleId }) => ({ id, roleId }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    members: membersOf(anchor).length,
    ...(gone ? {} : { scimGroup: { id: link.resourceId, ...members, foreign } }),
  };
}

/** A group is empty for a while because it was emptied, and somebody is invited by hand: that is no other thing to say yes to. */
const PASSING: ReadonlySet<SurveyFinding['code']> = new Set(['members-doubtful', 'unclaimed-accounts']);

/** What a yes at the coverage gate is a yes to: these groups, these people, these accounts, these findings. */
function coverageDigest(
  { connection, kind, application, groups, users, accounts, uncovered }: Omit<Survey, 'findings' | 'digest'>,
  findings: readonly SurveyFinding[],
): string {
  return digestOf({
    connection,
    kind,
    application: application.id,
    groups: groups.map(({ anchor, assignments, scimGroup }) => ({
      anchor,
      assignments,
      scimGroup: scimGroup?.id ?? null,
    })),
    users: users.map(({ anchor, account, missing }) => ({ anchor, account: account?.id ?? null, missing })),
    accounts: accounts.map(({ anchor, id }) => ({ anchor, id })),
    uncovered,
    findings: findings
      .filter(({ severity, code }) => severity !== 'note' && !PASSING.has(code))
      .map(({ code, anchors }) => ({ code, anchors })),
  });
}
