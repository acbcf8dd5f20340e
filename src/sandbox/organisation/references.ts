import { NotFoundError, RejectedError } from '../../core/errors.ts';
import type { AppRoleDefinition, ServicePrincipal, TenantGroup, TenantUser } from './model.ts';
import { DEFAULT_ROLE, text } from './model.ts';
import type { Member, OrganisationStore } from './store.ts';

/** A user by userPrincipalName as of a version. The index knows the latest holder; older names are searched for. */
export function userByName(store: OrganisationStore, name: string, at: number): TenantUser | undefined {
  const wanted = name.toLowerCase();
  const named = (user: TenantUser): boolean => text(user.properties, 'userPrincipalName').toLowerCase() === wanted;
  const id = store.idByName.get(wanted);
  const indexed = id === undefined ? undefined : store.users.get(id, at);
  if (indexed !== undefined && named(indexed)) return indexed;
  if (at >= store.version) return undefined;
  return store.users.after(0, 1, at, named).values[0];
}

/** A user by object id or userPrincipalName. NotFoundError when there is none. */
export function findUser(store: OrganisationStore, reference: string): TenantUser {
  const user = store.users.get(reference, store.version) ?? userByName(store, reference, store.version);
  if (user === undefined) throw new NotFoundError('the sandbox tenant has no such user');
  return user;
}

/** A group by object id, or by displayName where only one has it. `wanted` is what else would have done. */
export function findGroup(store: OrganisationStore, reference: string, wanted = 'group'): TenantGroup {
  const byId = store.groups.get(reference, store.version);
  if (byId !== undefined) return byId;
  const named = store.groups.after(0, 2, store.version, (group) => text(group.properties, 'displayName') === reference);
  const [group, second] = named.values;
  if (group === undefined) throw new NotFoundError(`the sandbox tenant has no such ${wanted}`);
  if (second !== undefined) throw new RejectedError('more than one group has this name; give the object id');
  return group;
}

/** A service principal by object id or appId; without a reference the first one, the application under test. */
export function findServicePrincipal(store: OrganisationStore, reference?: string): ServicePrincipal {
  const found = store.servicePrincipals.after(
    0,
    1,
    store.version,
    (principal) => reference === undefined || principal.id === reference || principal.appId === reference,
  ).values[0];
  if (found === undefined) throw new NotFoundError('the sandbox tenant has no such enterprise application');
  return found;
}

/** Whatever a group may hold: a user, a group, or a service principal. */
export function findMember(store: OrganisationStore, reference: string): Member {
  const now = store.version;
  const user = store.users.get(reference, now) ?? userByName(store, reference, now);
  if (user !== undefined) return { id: user.id, kind: 'user' };
  const principal = store.servicePrincipals.get(reference, now);
  if (principal !== undefined) return { id: principal.id, kind: 'servicePrincipal' };
  return { id: findGroup(store, reference, 'user or group').id, kind: 'group' };
}

/**
 * The id of an app role by id, value or displayName; without a reference the first enabled one, or the default role
 * where the application declares none (the only case in which Entra allows it).
 */
export function findRole(application: ServicePrincipal, reference?: string): string {
  const matches = (role: AppRoleDefinition): boolean =>
    reference === undefined
      ? role.isEnabled
      : role.id === reference || role.value === reference || role.displayName === reference;
  if (application.appRoles.length === 0 && (reference === undefined || reference === DEFAULT_ROLE)) return DEFAULT_ROLE;
  const role = application.appRoles.find(matches);
  if (role === undefined) throw new NotFoundError(`${application.displayName} declares no such app role`);
  return role.id;
}
