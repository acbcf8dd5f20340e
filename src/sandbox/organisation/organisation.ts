import { createChanges, type OrganisationChanges } from './changes.ts';
import type {
  AppRoleAssignment,
  Change,
  DeletedUser,
  OrganisationState,
  ServicePrincipal,
  TenantGroup,
  TenantUser,
} from './model.ts';
import { userByName } from './references.ts';
import { loadStore, storeState, type Member, type OrganisationStore } from './store.ts';
import { createVersioned, type VersionedView } from './versioned.ts';

/** The people, groups and applications of the emulated tenant. Every read names the version it wants to see. */
export interface Organisation extends OrganisationChanges {
  readonly tenantId: string;
  /** The verified domain new users get. */
  readonly domain: string;
  /** Grows by one with every change. */
  version(): number;
  readonly changes: readonly Change[];
  readonly users: VersionedView<TenantUser>;
  readonly deletedUsers: VersionedView<DeletedUser>;
  readonly groups: VersionedView<TenantGroup>;
  readonly servicePrincipals: VersionedView<ServicePrincipal>;
  members(group: string): VersionedView<Member>;
  assignments(servicePrincipal: string): VersionedView<AppRoleAssignment>;
  /** Ids of the groups an object is a direct member of. */
  groupsOf(member: string, at: number): readonly string[];
  userByName(name: string, at: number): TenantUser | undefined;
  snapshot(): OrganisationState;
  /** Drops history that no reader needs any more. */
  settle(): void;
}

function settleStore(store: OrganisationStore): void {
  const all = [store.users, store.deletedUsers, store.groups, store.servicePrincipals];
  for (const collection of all) collection.settle();
  for (const members of store.members.values()) members.settle();
  for (const assignments of store.assignments.values()) assignments.settle();
}

/** A live organisation made from plain JSON. `now` dates what is created later. */
export function createOrganisation(state: OrganisationState, now: () => number = Date.now): Organisation {
  const store = loadStore(state);
  let settledAt = 0;
  return {
    ...createChanges(store, now),
    tenantId: store.tenantId,
    domain: store.domain,
    version: () => store.version,
    changes: store.changes,
    users: store.users,
    deletedUsers: store.deletedUsers,
    groups: store.groups,
    servicePrincipals: store.servicePrincipals,
    members: (group) => store.members.get(group) ?? createVersioned(),
    assignments: (servicePrincipal) => store.assignments.get(servicePrincipal) ?? createVersioned(),
    groupsOf: (member, at) =>
      (store.groupsByMember.get(member) ?? []).filter(
        (group) => store.members.get(group)?.get(member, at) !== undefined && store.groups.get(group, at) !== undefined,
      ),
    userByName: (name, at) => userByName(store, name, at),
    snapshot: () => storeState(store),
    settle() {
      if (settledAt === store.version) return;
      settledAt = store.version;
      settleStore(store);
    },
  };
}
