import { NotFoundError } from '../../../../core/errors.ts';
import type { TenantGroup } from '../../../organisation/model.ts';
import { allowed, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { directoryRefusal, notFound, requestDenied, requireGuid } from '../refusal.ts';

const WRITE_USERS = ['User.ReadWrite.All', 'Directory.ReadWrite.All'];
const WRITE_MEMBERS = ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'];
const WRITE_ROLE_GROUPS = ['RoleManagement.ReadWrite.Directory'];

function requireGroup(call: GraphCall): TenantGroup {
  const key = call.keys['group'] ?? '';
  const group = call.organisation.groups.get(requireGuid(key), call.organisation.version());
  if (group === undefined) throw notFound(key);
  return group;
}

function requireMember(call: GraphCall, group: TenantGroup): string {
  const key = requireGuid(call.keys['member'] ?? '');
  const { organisation } = call;
  if (organisation.members(group.id).get(key, organisation.version()) === undefined) throw notFound(key);
  return key;
}

/** Groups whose members are not the directory's to change, in the words Graph uses for each (entra.md 3.7). */
function requireChangeable(call: GraphCall, { properties }: TenantGroup): void {
  const types = properties['groupTypes'];
  if (Array.isArray(types) && types.includes('DynamicMembership'))
    throw directoryRefusal('Cannot update members of a dynamic membership group.');
  if (properties['onPremisesSyncEnabled'] === true)
    throw directoryRefusal(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  const unified = Array.isArray(types) && types.includes('Unified');
  if (properties['mailEnabled'] === true && !unified)
    throw directoryRefusal('Cannot Update a mail-enabled security groups and or distribution list.');
  if (properties['isAssignableToRole'] === true && !allowed(call.request.caller, WRITE_ROLE_GROUPS))
    throw requestDenied();
}

function removeMember(call: GraphCall): GraphAnswer {
  const group = requireGroup(call);
  requireChangeable(call, group);
  call.organisation.removeMember(group.id, requireMember(call, group));
  return { status: 204 };
}

/** What Graph does when `/$ref` is forgotten and the caller may write users: the member itself goes to the recycle bin. */
function deleteTheMemberItself(call: GraphCall): GraphAnswer {
  const member = requireMember(call, requireGroup(call));
  try {
    call.organisation.softDeleteUser(member);
  } catch (error) {
    if (error instanceof NotFoundError) throw requestDenied();
    throw error;
  }
  return { status: 204 };
}

/** Taking members out of groups: by reference, and the trap beside it. */
export const MEMBER_WRITE_ROUTES: readonly Route[] = [
  {
    method: 'DELETE',
    path: 'groups/{group}/members/{member}/$ref',
    permissions: WRITE_MEMBERS,
    options: [],
    cost: 1,
    answer: removeMember,
  },
  {
    method: 'DELETE',
    path: 'groups/{group}/members/{member}',
    permissions: WRITE_USERS,
    options: [],
    cost: 1,
    answer: deleteTheMemberItself,
  },
];
