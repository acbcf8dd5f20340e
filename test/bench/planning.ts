import type { Assignment, DirectoryUser, GroupMembership } from '../../src/core/directory.ts';
import type { Link } from '../../src/core/link.ts';
import { planCycle } from '../../src/core/planning/plan-cycle.ts';
import type { PlanInput } from '../../src/core/planning/plan-input.ts';
import type { Account } from '../../src/core/scim.ts';
import { aGroup, aPlanInput, aUser } from '../builders.ts';

const GROUP_SIZE = 1000;
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

function anchorOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

function userOf(anchor: string, number: number): DirectoryUser {
  const attributes = {
    userPrincipalName: `user${number}@contoso.com`,
    displayName: `User ${number}`,
    mail: `user${number}@contoso.com`,
    department: `D${number % 50}`,
  };
  return aUser(anchor, {
    attributes: { ...attributes, mailNickname: `user${number}`, givenName: 'User', surname: `${number}` },
  });
}

function accountOf(number: number): Account {
  const userName = `user${number}@contoso.com`;
  const body = {
    id: `account-${number}`,
    userName,
    externalId: `user${number}`,
    active: true,
    displayName: `User ${number}`,
    emails: [{ type: 'work', value: userName }],
    name: { givenName: 'User', familyName: `${number}` },
    [ENTERPRISE]: { department: `D${number % 50}` },
  };
  return { id: body.id, userName, externalId: body.externalId, active: true, body };
}

/** Everything of a tenant where nothing changed: the planner has to look at all of it to find that out. */
function quietTenant(users: number, membershipsEach: number): PlanInput {
  const input = aPlanInput({});
  const groups = Math.ceil((users * membershipsEach) / GROUP_SIZE);
  const members: string[][] = Array.from({ length: groups }, () => []);
  const people = new Map<string, DirectoryUser>();
  const links: Link[] = [];
  const accounts: Account[] = [];
  for (let number = 0; number < users; number++) {
    const anchor = anchorOf(number);
    people.set(anchor, userOf(anchor, number));
    const account = accountOf(number);
    accounts.push(account);
    const paths = new Set<number>();
    for (let i = 0; i < membershipsEach; i++) paths.add((number * 7 + i * 131) % groups);
    for (const group of paths) members[group]?.push(anchor);
    const remembered = [...paths].map((group) => ({ group: `g${group}`, name: `Group g${group}` }));
    remembered.sort((a, b) => (a.group < b.group ? -1 : 1));
    links.push({
      resource: 'account',
      anchor,
      resourceId: account.id,
      state: 'active',
      label: account.userName,
      origin: 'created',
      paths: remembered,
    });
  }
  const ids = members.map((_, index) => `g${index}`);
  const memberships = new Map(
    ids.map((id, index): [string, GroupMembership] => [
      id,
      { group: id, users: members[index] ?? [], nestedGroups: [], others: 0 },
    ]),
  );
  const assignments = ids.map((id): Assignment => ({
    id: `a-${id}`,
    principal: id,
    principalKind: 'group',
    roleId: 'r',
  }));
  const scimGroups = ids.map((id, index) => ({
    id: `scim-${id}`,
    displayName: `Group ${id}`,
    externalId: id,
    members: (members[index] ?? []).map((anchor) => `account-${Number.parseInt(anchor.slice(-12), 16)}`),
  }));
  for (const id of ids)
    links.push({
      resource: 'group',
      anchor: id,
      resourceId: `scim-${id}`,
      state: 'active',
      label: `Group ${id}`,
      origin: 'created',
    });
  return {
    ...input,
    directory: {
      ...input.directory,
      assignments,
      memberships,
      users: people,
      groups: new Map(ids.map((id) => [id, aGroup(id)])),
    },
    links,
    inventory: {
      accounts: { resources: accounts, trusted: true, doubts: [] },
      groups: { resources: scimGroups, trusted: true, doubts: [] },
    },
  };
}

/** The yardstick: one pass that builds a Map of what is there, one that compares it with what should be. */
function twoMapPasses(input: PlanInput): number {
  const current = new Map<string, string>();
  for (const account of input.inventory.accounts.resources) current.set(account.userName, account.id);
  let different = 0;
  for (const user of input.directory.users.values())
    if (current.get(String(user.attributes['userPrincipalName'])) === undefined) different++;
  return different;
}

/** Milliseconds one call takes. */
function timed(work: () => unknown): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export interface PlanningFigures {
  readonly users: number;
  readonly memberships: number;
  readonly planMs: number;
  readonly mapMs: number;
  readonly bytesPerUser: number;
  /** Peak of the process, the input included. */
  readonly peakBytes: number;
  readonly operations: number;
}

/** Plans a tenant in which nothing changed. Memory is the growth of the process's peak beyond the input itself. */
export function benchPlanning(users: number, membershipsEach: number): PlanningFigures {
  const input = quietTenant(users, membershipsEach);
  const mapMs = timed(() => twoMapPasses(input));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let operations = 0;
  const planMs = timed(() => {
    operations = planCycle(input).plan.operations.length;
  });
  const peak = process.resourceUsage().maxRSS * 1024;
  return {
    users,
    memberships: users * membershipsEach,
    planMs,
    mapMs,
    bytesPerUser: Math.max(0, peak - before) / users,
    peakBytes: peak,
    operations,
  };
}
