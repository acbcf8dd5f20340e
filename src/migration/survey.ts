import type { Anchor, GroupMembership } from '../core/directory.ts';
import type { Escrow } from '../core/escrow.ts';
import type { Link } from '../core/link.ts';
import { assumedLinks, withLinks } from '../core/migration/assumed-links.ts';
import { planCycle, type Planned } from '../core/planning/plan-cycle.ts';
import type { PlanInput } from '../core/planning/plan-input.ts';
import { noAccounts } from '../core/migration/no-account.ts';
import { wayOf } from '../core/migration/seen-ways.ts';
import { userAndRole } from '../core/migration/own-assignments.ts';
import type { MigrationRequest } from '../core/migration/migration.ts';
import { tokensElsewhere } from '../core/migration/elsewhere-findings.ts';
import type { Survey, SurveyedJobs } from '../core/migration/survey.ts';
import { assignedAmong, countedMembers, groupsOfRequest, surveyOf } from '../core/migration/survey-of.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Stores } from '../ports/stores.ts';
import { guardedCredentials, surveyCredentials } from '../provisioning/credentials/survey-credentials.ts';
import { gatherDirectory } from '../provisioning/gather-directory.ts';
import { gatherProvider } from '../provisioning/gather-provider.ts';
import { groupsElsewhere } from './groups-elsewhere.ts';
import { readNeighbours } from './neighbours.ts';
import { unseenBeside } from '../provisioning/other-configurations.ts';

/** What a survey needs of the ports. */
export interface SurveyPorts {
  readonly stores: Pick<Stores, 'links' | 'credentials' | 'escrows' | 'connections'>;
  readonly clock: Clock;
  readonly connections: Ports['connections'];
  readonly vault: Ports['vault'];
}

/** What is really there on both sides, read anew. */
export async function gatherFacts(
  connection: Connection,
  { stores, clock }: { readonly stores: Pick<Stores, 'links'>; readonly clock: Clock },
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<PlanInput> {
  const { rules, mapping, provider } = connection;
  const links = await stores.links.load(rules.name);
  const directory = await gatherDirectory(connection, links, signal, progress);
  const { inventory, vanished } = await gatherProvider(connection, directory, links, signal, progress);
  return {
    kind: 'initial',
    rules,
    mapping,
    profile: provider.profile,
    directory,
    links,
    inventory,
    vanished,
    now: clock.now(),
  };
}

interface Surveyed {
  readonly survey: Survey;
  readonly facts: PlanInput;
  readonly due: Planned;
  /** What the provider has refused before, of the whole connection. */
  readonly escrows: readonly Escrow[];
  /** Links matched just now, where another engine made the accounts. */
  readonly assumed: readonly Link[];
}

/** The survey of a migration, and what a full cycle would do if it ran now. */
export async function takeSurvey(
  connection: Connection,
  ports: SurveyPorts,
  request: Omit<MigrationRequest, 'connection'>,
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<Surveyed> {
  const read = await gatherFacts(connection, ports, signal, progress);
  const asked = { connection: connection.rules.name, ...request };
  const native = connection.rules.engine === 'entra';
  const assumed = native ? assumedLinks(read) : [];
  const facts = native ? { ...read, links: withLinks(read.links, assumed) } : read;
  const { directory, links } = facts;
  const { id } = directory.application;
  const jobs: SurveyedJobs = native
    ? { engine: 'entra', jobs: await connection.directory.readProvisioningJobs(id, signal) }
    : await otherJobs(connection, id, signal);
  const known = await surveyCredentials(ports, signal);
  // A connection that is configured no longer needs no token.
  const needed = known.credentials.filter((one) => ports.connections.has(one.connection));
  const groups = groupsOfRequest(request, directory, links);
  const elsewhere = {
    groups: await groupsElsewhere(connection, ports, groups, links),
    neighbours: await readNeighbours(connection, ports, assignedAmong(groups, directory), signal),
    tokens: request.kind === 'disable-scim' ? tokensElsewhere(asked.connection, needed) : [],
    unseen: (await unseenBeside(connection, ports)).map((other) => other.connection),
  };
  const credentials = await guardedCredentials(known, ports, signal);
  const due = planCycle(facts);
  const escrows = await ports.stores.escrows.load(asked.connection);
  const survey = surveyOf(asked, facts, {
    due: due.plan.operations,
    noAccounts: noAccounts(due, escrows),
    jobs,
    elsewhere,
    credentials,
  });
  return { survey, facts, due, escrows, assumed };
}

/**
 * Whether the directory's own engine works on the same application. Asked though the guard be off that asks it in cycles: what
 * that engine provisions by the same assignments, a migration would take away there.
 */
export async function otherJobs(
  { directory }: Connection,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<Extract<SurveyedJobs, { readonly engine: 'headgate' }>> {
  return { engine: 'headgate', others: await directory.readNativeJobs(applicationId, signal) };
}

/**
 * Members of one group who have no direct assignment with every role the group gives, read anew: asked just before anything
 * is taken away. Another, lesser role of their own is not enough; with `seen`, only these ways count.
 */
export async function membersWithoutAssignment(
  connection: Connection,
  group: Anchor,
  applicationId: Anchor,
  signal: AbortSignal,
  seen?: ReadonlySet<string>,
): Promise<{ readonly users: readonly Anchor[]; readonly gaps: readonly string[] }> {
  const { directory } = connection;
  const assignments = await directory.readAssignments(applicationId, signal);
  const direct = new Set(
    assignments.value.flatMap(({ id, principalKind, principal, roleId, created }) => {
      if (principalKind !== 'user') return [];
      const counts = seen?.has(wayOf(principal, id, created)) !== false;
      return counts ? [userAndRole(principal, roleId)] : [];
    }),
  );
  const roles = assignments.value.flatMap(({ principal, roleId }) => (principal === group ? [roleId] : []));
  const gaps = assignments.gaps.map(({ what }) => what);
  // A group that is not assigned lets nobody in; it may be deleted by now, and then its members cannot be read at all.
  if (roles.length === 0) return { users: [], gaps };
  const { members, gaps: unread } = await membersInScope(connection, [group], signal);
  const users = members.get(group) ?? [];
  gaps.push(...unread);
  const lacking = users.filter((user) => roles.some((role) => !direct.has(userAndRole(user, role))));
  return { users: lacking.sort(), gaps };
}

/** Members of each of these groups as the scope rules count them: those of groups inside, too, where they are in scope. */
export async function membersInScope(
  { directory, rules }: Connection,
  groups: readonly Anchor[],
  signal: AbortSignal,
): Promise<{ readonly members: ReadonlyMap<Anchor, readonly Anchor[]>; readonly gaps: readonly string[] }> {
  const expand = rules.scope.nestedGroups === 'expand';
  const memberships = new Map<Anchor, GroupMembership>();
  const gaps: string[] = [];
  const seen = new Set<Anchor>();
  let level: readonly Anchor[] = groups;
  while (level.length > 0) {
    const read = await directory.readMemberships(level, signal);
    gaps.push(...read.gaps.map(({ what }) => what));
    for (const one of level) seen.add(one);
    for (const [group, membership] of read.value) memberships.set(group, membership);
    const inside = expand ? [...read.value.values()].flatMap(({ nestedGroups }) => nestedGroups) : [];
    level = [...new Set(inside)].filter((one) => !seen.has(one));
  }
  return { members: new Map(groups.map((group) => [group, countedMembers(memberships, group, expand)])), gaps };
}
