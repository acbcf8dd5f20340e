import { createHash, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ConflictError, NotFoundError, RejectedError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/scim.ts';
import type {
  AppRoleAssignment,
  ChangeKind,
  MemberKind,
  PrincipalType,
  ServicePrincipal,
  TenantGroup,
  TenantUser,
} from './model.ts';
import { text } from './model.ts';
import { findGroup, findMember, findRole, findServicePrincipal, findUser, userByName } from './references.ts';
import { assignmentsTo, membersOf, rememberGroup, rememberManager, type OrganisationStore } from './store.ts';

/** Who is assigned with which role. References as in references.ts: ids or names. */
export interface AssignmentRequest {
  readonly principal: string;
  readonly application?: string | undefined;
  readonly role?: string | undefined;
}

/** What an administrator does to the tenant. Users and groups are named by object id or by name. */
export interface OrganisationChanges {
  createUser(properties: JsonObject, manager?: string): TenantUser;
  /** Sets properties; null clears one. A new userPrincipalName must be free (ConflictError). */
  updateUser(user: string, properties: JsonObject): TenantUser;
  setManager(user: string, manager: string | null): TenantUser;
  /** Moves a user to the deleted items; memberships and assignments go with it and come back with `restoreUser`. */
  softDeleteUser(user: string): void;
  restoreUser(id: string): TenantUser;
  /** Removes a user for good, whether soft-deleted before or not. */
  hardDeleteUser(user: string): void;
  createGroup(properties: JsonObject, members?: readonly string[]): TenantGroup;
  updateGroup(group: string, properties: JsonObject): TenantGroup;
  deleteGroup(group: string): void;
  addMember(group: string, member: string): void;
  removeMember(group: string, member: string): void;
  createApplication(application: Omit<ServicePrincipal, 'id' | 'properties'>): ServicePrincipal;
  assign(request: AssignmentRequest): AppRoleAssignment;
  /** Removes the assignments of a principal to an application, of one role or of all. Returns how many. */
  unassign(request: AssignmentRequest): number;
  /** Removes one assignment by its id. False when the application has none of that id. */
  revokeAssignment(application: string, id: string): boolean;
}

const PRINCIPAL_TYPE = { user: 'User', group: 'Group', servicePrincipal: 'ServicePrincipal' } as const satisfies Record<
  string,
  PrincipalType
>;

/** Graph's assignment ids are 43 characters of base64url; ours follow from what is assigned. */
export function assignmentId(principal: string, resource: string, role: string): string {
  return createHash('sha256').update(`${principal}/${resource}/${role}`).digest('base64url');
}

function changedNames(before: JsonObject, after: JsonObject): string[] {
  return Object.keys(after).filter((name) => !isDeepStrictEqual(before[name] ?? null, after[name] ?? null));
}

/** The administrator's verbs over a store. Each is one version, however many objects it touches. */
export function createChanges(store: OrganisationStore, now: () => number): OrganisationChanges {
  function log(change: ChangeKind): void {
    store.changes.push({ ...change, version: store.version, at: now() });
  }

  function logMember(group: string, member: string, memberKind: MemberKind, joined: boolean): void {
    log({ kind: 'member', id: group, member, memberKind, joined });
  }

  /** A manager who goes or comes back changes what the reports show. */
  function logReports(manager: string): void {
    for (const report of store.reportsByManager.get(manager) ?? []) {
      if (store.users.get(report, store.version)?.managerId !== manager) continue;
      log({ kind: 'user', id: report, properties: ['manager'], formerManager: manager });
    }
  }

  function stamp(): string {
    return new Date(Math.floor(now() / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  }

  /** As Graph dates assignments, to the tenth of a microsecond: no two that were made one after the other have the same. */
  function fineStamp(): string {
    const rest = `${store.version % 10_000}`.padStart(4, '0');
    return new Date(now()).toISOString().replace('Z', `${rest}Z`);
  }

  function saveUser(user: TenantUser, change: { properties?: readonly string[]; formerManager?: string }): TenantUser {
    store.version += 1;
    store.users.set(user.id, user, store.version);
    store.idByName.set(text(user.properties, 'userPrincipalName').toLowerCase(), user.id);
    rememberManager(store, user);
    log({ kind: 'user', id: user.id, ...change });
    return user;
  }

  function requireFreeName(properties: JsonObject, owner?: string): void {
    const name = text(properties, 'userPrincipalName');
    if (name === '') return;
    const holder = userByName(store, name, store.version);
    if (holder !== undefined && holder.id !== owner) {
      throw new ConflictError('another user of the sandbox tenant has this userPrincipalName');
    }
  }

  function detach(member: string, kind: MemberKind): { memberOf: string[]; assignments: AppRoleAssignment[] } {
    const memberOf = (store.groupsByMember.get(member) ?? []).filter((group) => {
      const removed = membersOf(store, group).remove(member, store.version);
      if (removed) logMember(group, member, kind, false);
      return removed;
    });
    const assignments = [...store.assignments.values()].flatMap((all) =>
      [...all.values(store.version)].filter((assignment) => assignment.principalId === member),
    );
    for (const assignment of assignments) dropAssignment(assignment);
    return { memberOf, assignments };
  }

  function dropAssignment(assignment: AppRoleAssignment): void {
    assignmentsTo(store, assignment.resourceId).remove(assignment.id, store.version);
    log({ kind: 'assignment', id: assignment.resourceId, assignment: assignment.id });
  }

  function keepAssignment(assignment: AppRoleAssignment): void {
    assignmentsTo(store, assignment.resourceId).set(assignment.id, assignment, store.version);
    log({ kind: 'assignment', id: assignment.resourceId, assignment: assignment.id });
  }

  function join(group: string, id: string): void {
    const member = findMember(store, id);
    membersOf(store, group).set(id, member, store.version);
    rememberGroup(store, id, group);
    logMember(group, id, member.kind, true);
  }

  return {
    createUser(properties, manager) {
      if (text(properties, 'userPrincipalName') === '') throw new RejectedError('a user needs a userPrincipalName');
      requireFreeName(properties);
      const managerId = manager === undefined ? null : findUser(store, manager).id;
      const defaults = { accountEnabled: true, userType: 'Member', createdDateTime: stamp() };
      return saveUser({ id: randomUUID(), managerId, properties: { ...defaults, ...properties } }, {});
    },
    updateUser(reference, properties) {
      const user = findUser(store, reference);
      requireFreeName(properties, user.id);
      const changed = { ...user, properties: { ...user.properties, ...properties } };
      return saveUser(changed, { properties: changedNames(user.properties, changed.properties) });
    },
    setManager(reference, manager) {
      const user = findUser(store, reference);
      const managerId = manager === null ? null : findUser(store, manager).id;
      const former = user.managerId === null ? {} : { formerManager: user.managerId };
      return saveUser(
        { ...user, managerId },
        { properties: managerId === user.managerId ? [] : ['manager'], ...former },
      );
    },
    softDeleteUser(reference) {
      const user = findUser(store, reference);
      store.version += 1;
      const deleted = { id: user.id, user, deletedDateTime: stamp(), ...detach(user.id, 'user') };
      store.users.remove(user.id, store.version);
      store.deletedUsers.set(user.id, deleted, store.version);
      log({ kind: 'user', id: user.id });
      logReports(user.id);
    },
    restoreUser(id) {
      const deleted = store.deletedUsers.get(id, store.version);
      if (deleted === undefined) throw new NotFoundError('no soft-deleted user has this id');
      requireFreeName(deleted.user.properties);
      const user = saveUser(deleted.user, {});
      logReports(id);
      store.deletedUsers.remove(id, store.version);
      for (const group of deleted.memberOf) if (store.groups.get(group, store.version) !== undefined) join(group, id);
      for (const assignment of deleted.assignments) keepAssignment(assignment);
      return user;
    },
    hardDeleteUser(reference) {
      const deleted = store.deletedUsers.get(reference, store.version);
      const id = deleted?.id ?? findUser(store, reference).id;
      store.version += 1;
      detach(id, 'user');
      store.users.remove(id, store.version);
      store.deletedUsers.remove(id, store.version);
      log({ kind: 'user', id });
      logReports(id);
    },
    createGroup(properties, members = []) {
      if (text(properties, 'displayName') === '') throw new RejectedError('a group needs a displayName');
      const ids = members.map((member) => findMember(store, member).id);
      const defaults = { securityEnabled: true, mailEnabled: false, groupTypes: [], createdDateTime: stamp() };
      const group = { id: randomUUID(), properties: { ...defaults, ...properties } };
      store.version += 1;
      store.groups.set(group.id, group, store.version);
      log({ kind: 'group', id: group.id });
      for (const id of ids) join(group.id, id);
      return group;
    },
    updateGroup(reference, properties) {
      const group = findGroup(store, reference);
      const changed = { ...group, properties: { ...group.properties, ...properties } };
      store.version += 1;
      store.groups.set(group.id, changed, store.version);
      log({ kind: 'group', id: group.id, properties: changedNames(group.properties, changed.properties) });
      return changed;
    },
    deleteGroup(reference) {
      const { id } = findGroup(store, reference);
      store.version += 1;
      detach(id, 'group');
      for (const member of membersOf(store, id).values(store.version)) {
        membersOf(store, id).remove(member.id, store.version);
      }
      store.groups.remove(id, store.version);
      log({ kind: 'group', id });
    },
    addMember(group, member) {
      const { id } = findGroup(store, group);
      const added = findMember(store, member);
      if (membersOf(store, id).get(added.id, store.version) !== undefined) {
        throw new ConflictError('already a member of this group');
      }
      store.version += 1;
      join(id, added.id);
    },
    removeMember(group, member) {
      const { id } = findGroup(store, group);
      const removed = findMember(store, member);
      if (membersOf(store, id).get(removed.id, store.version) === undefined) {
        throw new NotFoundError('not a member of this group');
      }
      store.version += 1;
      membersOf(store, id).remove(removed.id, store.version);
      logMember(id, removed.id, removed.kind, false);
    },
    createApplication(application) {
      const created = { ...application, id: randomUUID(), properties: { createdDateTime: stamp() } };
      store.version += 1;
      store.servicePrincipals.set(created.id, created, store.version);
      log({ kind: 'application', id: created.id });
      return created;
    },
    assign({ principal, application, role }) {
      const resource = findServicePrincipal(store, application);
      const member = findMember(store, principal);
      const appRoleId = findRole(resource, role);
      const id = assignmentId(member.id, resource.id, appRoleId);
      if (assignmentsTo(store, resource.id).get(id, store.version) !== undefined) {
        throw new ConflictError('this role is assigned already');
      }
      store.version += 1;
      const principalType = PRINCIPAL_TYPE[member.kind];
      const assignment = { id, principalId: member.id, principalType, resourceId: resource.id, appRoleId };
      const created = { ...assignment, createdDateTime: fineStamp() };
      keepAssignment(created);
      return created;
    },
    unassign({ principal, application, role }) {
      const resource = findServicePrincipal(store, application);
      const member = findMember(store, principal);
      const appRoleId = role === undefined ? undefined : findRole(resource, role);
      const assignments = [...assignmentsTo(store, resource.id).values(store.version)].filter(
        (held) => held.principalId === member.id && (appRoleId === undefined || held.appRoleId === appRoleId),
      );
      if (assignments.length === 0) throw new NotFoundError('this principal has no such assignment');
      store.version += 1;
      for (const assignment of assignments) dropAssignment(assignment);
      return assignments.length;
    },
    revokeAssignment(application, id) {
      const found = assignmentsTo(store, application).get(id, store.version);
      if (found === undefined) return false;
      store.version += 1;
      dropAssignment(found);
      return true;
    },
  };
}
