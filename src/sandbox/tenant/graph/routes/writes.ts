import type { Route } from '../call.ts';
import { GraphRefusal } from '../refusal.ts';

const WRITE_USERS = ['User.ReadWrite.All', 'Directory.ReadWrite.All'];
const WRITE_GROUPS = ['Group.ReadWrite.All', 'Directory.ReadWrite.All'];
const WRITE_MEMBERS = ['GroupMember.ReadWrite.All', ...WRITE_GROUPS];
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
 * The other writes Graph knows at the paths the tenant serves, with the permissions they need: a caller with read
 * permissions gets 403, as from Graph. Such changes are made through the control API.
 */
export const WRITE_ROUTES: readonly Route[] = [
  write('POST', 'users', WRITE_USERS),
  write('PATCH', 'users/{user}', WRITE_USERS),
  write('DELETE', 'users/{user}', WRITE_USERS),
  write('POST', 'groups', WRITE_GROUPS),
  write('PATCH', 'groups/{group}', WRITE_GROUPS),
  write('DELETE', 'groups/{group}', WRITE_GROUPS),
  write('POST', 'groups/{group}/members/$ref', WRITE_MEMBERS),
  write('PATCH', 'servicePrincipals/{servicePrincipal}', WRITE_APPLICATIONS),
  write('DELETE', 'servicePrincipals/{servicePrincipal}', WRITE_APPLICATIONS),
  write('DELETE', 'directory/deletedItems/{object}', WRITE_USERS),
  write('POST', 'directory/deletedItems/{object}/restore', WRITE_USERS),
];
