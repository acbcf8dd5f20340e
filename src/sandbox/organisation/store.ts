import type {
  AppRoleAssignment,
  Change,
  DeletedUser,
  MemberKind,
  OrganisationState,
  ServicePrincipal,
  TenantGroup,
  TenantUser,
} from './model.ts';
import { text } from './model.ts';
import { createVersioned, type Versioned } from './versioned.ts';

export interface Member {
  readonly id: string;
  readonly kind: MemberKind;
}

/** Where an organisation lives. Only the functions of this folder write to it. */
export interface OrganisationStore {
  readonly tenantId: string;
  readonly domain: string;
  readonly users: Versioned<TenantUser>;
  readonly deletedUsers: Versioned<DeletedUser>;
  readonly groups: Versioned<TenantGroup>;
  readonly servicePrincipals: Versioned<ServicePrincipal>;
  readonly members: Map<string, Versioned<Member>>;
  readonly assignments: Map<string, Versioned<AppRoleAssignment>>;
  /** Groups an object is or was in; whether it still is says the group. */
  readonly groupsByMember: Map<string, string[]>;
  /** Users whose manager an object is or was; whether it still is says the user. */
  readonly reportsByManager: Map<string, Set<string>>;
  /** userPrincipalName in lower case to the latest holder. */
  readonly idByName: Map<string, string>;
  readonly changes: Change[];
  version: number;
}

/** The members of a group, made on first use. */
export function membersOf(store: OrganisationStore, group: string): Versioned<Member> {
  let members = store.members.get(group);
  if (members === undefined) store.members.set(group, (members = createVersioned()));
  return members;
}

/** The assignments to a service principal, made on first use. */
export function assignmentsTo(store: OrganisationStore, servicePrincipal: string): Versioned<AppRoleAssignment> {
  let assignments = store.assignments.get(servicePrincipal);
  if (assignments === undefined) store.assignments.set(servicePrincipal, (assignments = createVersioned()));
  return assignments;
}

/** Remembers that an object may be in a group, for `memberOf`. */
export function rememberGroup(store: OrganisationStore, member: string, group: string): void {
  const groups = store.groupsByMember.get(member);
  if (groups === undefined) store.groupsByMember.set(member, [group]);
  else if (!groups.includes(group)) groups.push(group);
}

/** Remembers that a user may report to its manager, because a manager who goes changes the reports. */
export function rememberManager(store: OrganisationStore, user: TenantUser): void {
  if (user.managerId === null) return;
  const reports = store.reportsByManager.get(user.managerId);
  if (reports === undefined) store.reportsByManager.set(user.managerId, new Set([user.id]));
  else reports.add(user.id);
}

/** Fills a new store from plain JSON. What is loaded has version 0: every replica has it. */
export function loadStore(state: OrganisationState): OrganisationStore {
  const store: OrganisationStore = {
    tenantId: state.tenantId,
    domain: state.domain,
    users: createVersioned(),
    deletedUsers: createVersioned(),
    groups: createVersioned(),
    servicePrincipals: createVersioned(),
    members: new Map(),
    assignments: new Map(),
    groupsByMember: new Map(),
    reportsByManager: new Map(),
    idByName: new Map(),
    changes: [],
    version: 0,
  };
  // One object per principal, shared by all its memberships.
  const principals = new Map<string, Member>();
  for (const user of state.users) {
    store.users.set(user.id, user, 0);
    rememberManager(store, user);
    store.idByName.set(text(user.properties, 'userPrincipalName').toLowerCase(), user.id);
    principals.set(user.id, { id: user.id, kind: 'user' });
  }
  for (const deleted of state.deletedUsers) store.deletedUsers.set(deleted.id, deleted, 0);
  for (const principal of state.servicePrincipals) {
    store.servicePrincipals.set(principal.id, principal, 0);
    principals.set(principal.id, { id: principal.id, kind: 'servicePrincipal' });
  }
  for (const { id, properties } of state.groups) {
    store.groups.set(id, { id, properties }, 0);
    principals.set(id, { id, kind: 'group' });
  }
  for (const group of state.groups) loadMembers(store, principals, group);
  for (const assignment of state.assignments) {
    assignmentsTo(store, assignment.resourceId).set(assignment.id, assignment, 0);
  }
  return store;
}

function loadMembers(
  store: OrganisationStore,
  principals: ReadonlyMap<string, Member>,
  group: OrganisationState['groups'][number],
): void {
  const members = membersOf(store, group.id);
  for (const id of group.members) {
    const member = principals.get(id);
    if (member === undefined) throw new Error(`group ${group.id} has the member ${id}, which the organisation lacks`);
    members.set(id, member, 0);
    rememberGroup(store, id, group.id);
  }
}

/** The organisation as plain JSON, as it is now, without its history. */
export function storeState(store: OrganisationStore): OrganisationState {
  const now = store.version;
  return {
    tenantId: store.tenantId,
    domain: store.domain,
    users: [...store.users.values(now)],
    deletedUsers: [...store.deletedUsers.values(now)],
    groups: [...store.groups.values(now)].map((group) => ({
      ...group,
      members: [...membersOf(store, group.id).values(now)].map((member) => member.id),
    })),
    servicePrincipals: [...store.servicePrincipals.values(now)],
    assignments: [...store.assignments.values()].flatMap((assignments) => [...assignments.values(now)]),
  };
}
