import type { Route } from '../call.ts';
import { GraphRefusal } from '../refusal.ts';

const WRITE_USERS = ['User.ReadWrite.All', 'Directory.ReadWrite.All'];
const WRITE_GROUPS = ['Group.ReadWrite.All', 'Directory.ReadWrite.All'];
const WRITE_MEMBERS = ['GroupMember.ReadWrite.All', ...WRITE_GROUPS];
const WRITE_ASSIGNMENTS = ['AppRoleAssignment.ReadWrite.All'];
const WRITE_APPLICATIONS = ['Application.ReadWrite.All', 'Directory.ReadWrite.All'];

function write(method: 'POST' | 'PATCH' | 'DELETE', path: string, permissions: readonly string[]): Route {
  return {
    method,
    path,
    permissions,
    options: [],
    cost: 1,
    answer() {
      throw new GraphRefusal(
        501,
        'notImplemented',
        'This write exists in Graph; the sandbox tenant takes it by its control API.',
      );
    },
  };
}

/**
 * The writes Graph knows at the paths the tenant serves, with the permissions they need: a caller with read
 * permissions gets 403, as from Graph. The directory is changed through the control API.
 */
export const WRITE_ROUTES: readonly Route[] = [
  write('POST', 'users', WRITE_USERS),
  write('PATCH', 'users/{user}', WRITE_USERS),
  write('DELETE', 'users/{user}', WRITE_USERS),
  write('POST', 'groups', WRITE_GROUPS),
  write('PATCH', 'groups/{group}', WRITE_GROUPS),
  write('DELETE', 'groups/{group}', WRITE_GROUPS),
  write('POST', 'groups/{group}/members/$ref', WRITE_MEMBERS),
  write('DELETE', 'groups/{group}/members/{member}/$ref', WRITE_MEMBERS),
  // Without /$ref this deletes the member itself, so it is the permission on users that counts.
  write('DELETE', 'groups/{group}/members/{member}', WRITE_USERS),
  write('PATCH', 'servicePrincipals/{servicePrincipal}', WRITE_APPLICATIONS),
  write('DELETE', 'servicePrincipals/{servicePrincipal}', WRITE_APPLICATIONS),
  write('POST', 'servicePrincipals/{servicePrincipal}/appRoleAssignedTo', WRITE_ASSIGNMENTS),
  write('DELETE', 'servicePrincipals/{servicePrincipal}/appRoleAssignedTo/{assignment}', WRITE_ASSIGNMENTS),
  write('DELETE', 'directory/deletedItems/{object}', WRITE_USERS),
  write('POST', 'directory/deletedItems/{object}/restore', WRITE_USERS),
];
